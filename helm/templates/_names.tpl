{{/* Names, labels, images. */}}

{{- define "sabio.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{/* Cut so that `-worker-` and a worker's name still fit into a label. A release's name may have dots, a Service's may not. */}}
{{- define "sabio.fullname" -}}
{{- $name := include "sabio.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | replace "." "-" | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "sabio.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "sabio.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* What never changes, since selectors cannot be changed: no version, and nothing that a value may add. */}}
{{- define "sabio.selector" -}}
app.kubernetes.io/name: {{ include "sabio.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The pods of one component: a dict of `root`, `component`, and for workers `worker`. */}}
{{- define "sabio.componentSelector" -}}
{{ include "sabio.selector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- with .worker }}
sabio/worker: {{ . }}
{{- end }}
{{- end }}

{{- define "sabio.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: sabio
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Labels of what is the release's as a whole. */}}
{{- define "sabio.labels" -}}
{{ include "sabio.selector" . }}
{{ include "sabio.commonLabels" . }}
{{- end }}

{{/* Labels of a component's pods. Not the chart's version: a new chart alone is no reason to start pods anew. */}}
{{- define "sabio.podLabels" -}}
{{ include "sabio.componentSelector" . }}
{{ omit (include "sabio.commonLabels" .root | fromYaml) "helm.sh/chart" | toYaml }}
{{- end }}

{{/* Labels of what is one component's: a dict as for `sabio.componentSelector`. */}}
{{- define "sabio.componentLabels" -}}
{{ include "sabio.componentSelector" . }}
{{ include "sabio.commonLabels" .root }}
{{- end }}

{{/* The name of what one component has: a dict as for `sabio.componentSelector`. */}}
{{- define "sabio.componentName" -}}
{{- include "sabio.fullname" .root }}-{{ .component }}{{ with .worker }}-{{ . }}{{ end -}}
{{- end }}

{{/* An image: a dict of `root` and `image`. */}}
{{- define "sabio.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}
