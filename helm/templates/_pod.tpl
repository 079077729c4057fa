{{/*
One kind of pod for all: a dict of

  root, component, worker   whose it is
  own                       the component's values
  image, args               what runs
  listens                   whether it answers for its health
  configured                whether it has the configuration; the migration has the ledger's address alone
  grace                     seconds to end
  pod                       where it is a pod of its own: its `name` and `annotations`
*/}}

{{/* Puts together what the values say of all pods and of one component, as `values` of the dict: passed on as YAML, large
numbers would come back as 1e+06. */}}
{{- define "sabio.podValues" -}}
{{- $own := .own -}}
{{- $all := ternary .root.Values.pods (omit .root.Values.pods "extraEnv" "extraEnvFrom" "extraVolumes" "extraVolumeMounts") .configured -}}
{{- $both := dict -}}
{{- range $key := list "annotations" "labels" "nodeSelector" -}}
{{- $_ := set $both $key (mergeOverwrite (dict) (deepCopy (get $all $key | default dict)) (deepCopy (get $own $key | default dict))) -}}
{{- end -}}
{{- range $key := list "tolerations" "extraEnv" "extraEnvFrom" "extraVolumes" "extraVolumeMounts" -}}
{{- $_ := set $both $key (concat (get $all $key | default list) (get $own $key | default list)) -}}
{{- end -}}
{{- range $key := list "affinity" "topologySpreadConstraints" "priorityClassName" "dataSizeLimit" "tmpSizeLimit" -}}
{{- $_ := set $both $key (get $own $key | default (get $all $key)) -}}
{{- end -}}
{{- $_ := set . "values" $both -}}
{{- end }}

{{- define "sabio.probe" -}}
httpGet: {path: {{ .path }}, port: http}
periodSeconds: {{ .period }}
timeoutSeconds: 5
failureThreshold: {{ .failures }}
{{- end }}

{{- define "sabio.podTemplate" -}}
{{- $root := .root -}}
{{- include "sabio.podValues" . -}}
{{- $values := .values -}}
{{- $env := list -}}
{{- if .configured -}}
{{- $env = include "sabio.env" $root | fromYamlArray -}}
{{- else -}}
{{- $env = include "sabio.ledgerEnv" $root | fromYamlArray -}}
{{- end -}}
{{- include "sabio.checkEnv" (dict "env" $env "extra" $values.extraEnv) -}}
metadata:
  {{- with .pod }}
  name: {{ .name }}
  {{- end }}
  labels:
    {{- include "sabio.podLabels" . | nindent 4 }}
    {{- with $values.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: sabio
    {{- if .configured }}
    checksum/config: {{ toYaml $root.Values.config | sha256sum }}
    checksum/secrets: {{ toYaml $root.Values.secrets.values | sha256sum }}
    {{- end }}
    {{- with $values.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with .pod }}
    {{- toYaml .annotations | nindent 4 }}
    {{- end }}
spec:
  {{- if .configured }}
  serviceAccountName: {{ include "sabio.serviceAccount" $root }}
  {{- end }}
  automountServiceAccountToken: false
  # Else every Service of the namespace adds variables, and one called sabio adds some that begin with SABIO_.
  enableServiceLinks: false
  {{- if eq .component "worker" }}
  # So that what readers of documents leave behind is ended: without it `sabio` is the first process, which does not.
  shareProcessNamespace: true
  {{- end }}
  {{- if has .component (list "migrate" "test") }}
  restartPolicy: Never
  {{- end }}
  terminationGracePeriodSeconds: {{ .grace }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
    runAsGroup: 10001
    fsGroup: 10001
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile: {type: RuntimeDefault}
  {{- with $root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if has .component (list "bot" "worker") }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $meant := dict "labelSelector" (dict "matchLabels" (include "sabio.componentSelector" $ | fromYaml)) "matchLabelKeys" (list "pod-template-hash") }}
    {{- toYaml (list (merge (deepCopy .) $meant)) | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- end }}
  containers:
    - name: sabio
      image: {{ include "sabio.image" (dict "root" $root "image" .image) | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      command: [sabio]
      args: {{- toYaml .args | nindent 8 }}
      env:
        {{- toYaml (concat $env $values.extraEnv) | nindent 8 }}
      {{- $from := list }}
      {{- if .configured }}
      {{- $from = include "sabio.envFrom" $root | fromYamlArray }}
      {{- end }}
      {{- with concat $from $values.extraEnvFrom }}
      envFrom: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if .listens }}
      ports:
        - {name: http, containerPort: {{ include "sabio.port" . }}, protocol: TCP}
      startupProbe: {{- include "sabio.probe" (dict "path" "/healthz" "period" 5 "failures" 36) | nindent 8 }}
      livenessProbe: {{- include "sabio.probe" (dict "path" "/healthz" "period" 10 "failures" 3) | nindent 8 }}
      readinessProbe: {{- include "sabio.probe" (dict "path" "/readyz" "period" 10 "failures" 3) | nindent 8 }}
      {{- end }}
      {{- if eq .component "bot" }}
      # Requests still come for a moment after a pod is told to end.
      lifecycle: {preStop: {sleep: {seconds: 5}}}
      {{- end }}
      resources: {{- toYaml .own.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        runAsNonRoot: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        {{- if .configured }}
        - {name: data, mountPath: /var/lib/sabio}
        - {name: config, mountPath: /etc/sabio, readOnly: true}
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: {sizeLimit: {{ $values.tmpSizeLimit }}}
    {{- if .configured }}
    - name: data
      emptyDir: {sizeLimit: {{ $values.dataSizeLimit }}}
    - name: config
      configMap: {name: {{ include "sabio.fullname" $root }}}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
