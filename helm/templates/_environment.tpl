{{/* What the processes are told: where the three servers are, and where their own files are. */}}

{{/* The port of every process: each has a pod of its own. */}}
{{- define "sabio.port" -}}3978{{- end }}

{{/* The name that the subchart gives what it makes: its own rule. */}}
{{- define "sabio.valkey" -}}
{{- $valkey := .Values.valkey -}}
{{- if $valkey.fullnameOverride -}}
{{- $valkey.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := $valkey.nameOverride | default "valkey" -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "sabio.valkeyPasswordKey" -}}
{{- (index .Values.valkey.auth.aclUsers "default").passwordKey | default "default" -}}
{{- end }}

{{- define "sabio.ledgerEnv" -}}
- name: SABIO_LEDGER
  valueFrom:
    secretKeyRef: {name: {{ .Values.ledger.existingSecret | quote }}, key: {{ .Values.ledger.key | quote }}}
{{- end }}

{{/* Sabio fills `${…}` in itself, so that it knows the password as a secret and masks it. */}}
{{- define "sabio.queueEnv" -}}
{{- if not .Values.valkey.enabled -}}
- name: SABIO_QUEUE
  valueFrom:
    secretKeyRef: {name: {{ .Values.queue.existingSecret | quote }}, key: {{ .Values.queue.key | quote }}}
{{- else if .Values.valkey.auth.enabled -}}
- name: VALKEY_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ tpl .Values.valkey.auth.usersExistingSecret . | quote }}
      key: {{ include "sabio.valkeyPasswordKey" . | quote }}
- name: SABIO_QUEUE
  value: {{ printf "redis://default:${VALKEY_PASSWORD}@%s:%v/0" (include "sabio.valkey" .) .Values.valkey.service.port | quote }}
{{- else -}}
- name: SABIO_QUEUE
  value: {{ printf "redis://%s:%v/0" (include "sabio.valkey" .) .Values.valkey.service.port | quote }}
{{- end }}
{{- end }}

{{- define "sabio.indexEnv" -}}
{{- if .Values.weaviate.enabled -}}
{{- $http := (first .Values.weaviate.service.ports).port -}}
{{- $grpc := (first .Values.weaviate.grpcService.ports).port -}}
- name: SABIO_INDEX
  value: {{ printf "weaviate://%s:%v?grpc_host=%s&grpc=%v" .Values.weaviate.service.name $http .Values.weaviate.grpcService.name $grpc | quote }}
- name: SABIO_WEAVIATE_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.weaviate.envSecrets.AUTHENTICATION_APIKEY_ALLOWED_KEYS | quote }}, key: AUTHENTICATION_APIKEY_ALLOWED_KEYS}
{{- else -}}
- name: SABIO_INDEX
  value: {{ .Values.index.url | quote }}
{{- if .Values.index.existingSecret }}
- name: SABIO_WEAVIATE_API_KEY
  valueFrom:
    secretKeyRef: {name: {{ .Values.index.existingSecret | quote }}, key: {{ .Values.index.key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{/* Everything that the chart tells the processes that have a configuration. */}}
{{- define "sabio.env" -}}
- name: SABIO_CONFIG
  value: /etc/sabio/sabio.yaml
- name: SABIO_DATA
  value: /var/lib/sabio
- name: SABIO_SERVER__HOST
  value: "0.0.0.0"
{{ include "sabio.ledgerEnv" . }}
{{ include "sabio.queueEnv" . }}
{{ include "sabio.indexEnv" . }}
{{- end }}

{{- define "sabio.envFrom" -}}
{{- if .Values.secrets.existingSecret -}}
- secretRef: {name: {{ .Values.secrets.existingSecret | quote }}}
{{- else if .Values.secrets.values -}}
- secretRef: {name: {{ include "sabio.fullname" . }}}
{{- end }}
{{- end }}
