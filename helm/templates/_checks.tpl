{{/* What the schema cannot tell: values that exclude each other, and secrets where everybody can read them. */}}

{{- define "sabio.check" -}}
{{- $values := .Values -}}
{{- $wrong := list -}}

{{- if not (regexMatch "^[a-z]" (include "sabio.fullname" .)) -}}
{{- $wrong = append $wrong (printf "`%s`: a Service's name begins with a letter; set `fullnameOverride`" (include "sabio.fullname" .)) -}}
{{- end -}}
{{- if not $values.ledger.existingSecret -}}
{{- $wrong = append $wrong "`ledger.existingSecret` is not set: name the Secret that holds the address of PostgreSQL (`ledger.key` is the key in it)" -}}
{{- end -}}

{{- if and $values.valkey.enabled $values.queue.existingSecret -}}
{{- $wrong = append $wrong "`valkey.enabled` and `queue.existingSecret` exclude each other: the queue runs here, or elsewhere" -}}
{{- else if not (or $values.valkey.enabled $values.queue.existingSecret) -}}
{{- $wrong = append $wrong "there is no queue: set `valkey.enabled: true`, or let `queue.existingSecret` name the Secret that holds the address of a Redis" -}}
{{- end -}}
{{- if $values.valkey.enabled -}}
{{- if and $values.valkey.auth.enabled (not (hasKey $values.valkey.auth.aclUsers "default")) -}}
{{- $wrong = append $wrong "`valkey.auth.aclUsers.default` is missing: Sabio is that user" -}}
{{- end -}}
{{- if ($values.valkey.tls | default dict).enabled -}}
{{- $wrong = append $wrong "`valkey.tls.enabled`: Sabio is not told of its certificate; use a Redis of yours by `queue.existingSecret`" -}}
{{- end -}}
{{- end -}}

{{- if and $values.weaviate.enabled $values.index.url -}}
{{- $wrong = append $wrong "`weaviate.enabled` and `index.url` exclude each other: the index runs here, or elsewhere" -}}
{{- else if not (or $values.weaviate.enabled $values.index.url) -}}
{{- $wrong = append $wrong "there is no index: set `weaviate.enabled: true`, or let `index.url` be the address of a Weaviate" -}}
{{- end -}}
{{- if and $values.weaviate.enabled $values.index.existingSecret -}}
{{- $wrong = append $wrong "`index.existingSecret` is for a Weaviate elsewhere; here the key is in `weaviate.envSecrets.AUTHENTICATION_APIKEY_ALLOWED_KEYS`" -}}
{{- end -}}
{{- if and $values.weaviate.enabled (not $values.weaviate.envSecrets.AUTHENTICATION_APIKEY_ALLOWED_KEYS) -}}
{{- $wrong = append $wrong "`weaviate.envSecrets.AUTHENTICATION_APIKEY_ALLOWED_KEYS` is not set: name the Secret that holds Weaviate's API key under that key" -}}
{{- end -}}

{{- if and $values.secrets.existingSecret $values.secrets.values -}}
{{- $wrong = append $wrong "`secrets.existingSecret` and `secrets.values` exclude each other" -}}
{{- end -}}

{{- $taken := list -}}
{{- range $name, $worker := $values.workers -}}
{{- $taken = concat $taken $worker.queues -}}
{{- with $worker.autoscaling -}}
{{- if and .enabled (not (kindIs "invalid" $worker.replicas)) -}}
{{- $wrong = append $wrong (printf "`workers.%s.replicas` and `workers.%s.autoscaling.enabled` exclude each other: leave `replicas` out" $name $name) -}}
{{- end -}}
{{- if and .enabled (gt (int .minReplicas) (int .maxReplicas)) -}}
{{- $wrong = append $wrong (printf "`workers.%s.autoscaling.minReplicas` is above its `maxReplicas`" $name) -}}
{{- end -}}
{{- if and .enabled $values.queue.existingSecret (not $values.queue.keda.address) -}}
{{- $wrong = append $wrong (printf "`workers.%s.autoscaling.enabled` needs `queue.keda.address`: KEDA cannot read the address in the Secret" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $queue := list "ingest" "default" -}}
{{- if not (has $queue $taken) -}}
{{- $wrong = append $wrong (printf "nobody takes messages from the queue `%s`: let one of `workers` have it in its `queues`" $queue) -}}
{{- end -}}
{{- end -}}

{{- if and $values.bot.autoscaling.enabled (not (kindIs "invalid" $values.bot.replicas)) -}}
{{- $wrong = append $wrong "`bot.replicas` and `bot.autoscaling.enabled` exclude each other: leave `replicas` out" -}}
{{- end -}}
{{- if and $values.bot.autoscaling.enabled (gt (int $values.bot.autoscaling.minReplicas) (int $values.bot.autoscaling.maxReplicas)) -}}
{{- $wrong = append $wrong "`bot.autoscaling.minReplicas` is above its `maxReplicas`" -}}
{{- end -}}

{{- if $values.ingress.enabled -}}
{{- if not $values.ingress.host -}}
{{- $wrong = append $wrong "`ingress.host` is not set: the name by which Slack or Teams reaches Sabio" -}}
{{- end -}}
{{- if not (include "sabio.paths" .) -}}
{{- $wrong = append $wrong "`ingress.enabled`, but there is nothing to reach: neither `config.slack.mode: http`, `config.slack.oauth` nor `config.teams.app_id` is set" -}}
{{- end -}}
{{- end -}}
{{- if and $values.alerts.enabled (not $values.monitoring.enabled) -}}
{{- $wrong = append $wrong "`alerts.enabled` needs `monitoring.enabled`: the alerts are about what it collects" -}}
{{- end -}}

{{- range $key, $instead := include "sabio.ours" . | fromYaml -}}
{{- if hasKey $values.config $key -}}
{{- $wrong = append $wrong (printf "`config.%s` is set by the chart: %s" $key $instead) -}}
{{- end -}}
{{- end -}}
{{- range include "sabio.plainSecrets" (dict "value" $values.config "path" "config" "key" "") | fromYamlArray -}}
{{- $wrong = append $wrong . -}}
{{- end -}}

{{- if $wrong -}}
{{- fail (printf "\n\n%s\n" (join "\n" $wrong)) -}}
{{- end -}}
{{- end }}

{{/* Settings that are the chart's, and what to do instead. */}}
{{- define "sabio.ours" -}}
data: "leave it out"
models: "leave it out, the images have the model"
server: "leave it out"
ledger: "see `ledger.existingSecret`"
queue: "see `queue.existingSecret` and `valkey.enabled`"
index: "see `index.url` and `weaviate.enabled`"
weaviate_api_key: "see `index.existingSecret`"
{{- end }}

{{/*
What is wrong with the secrets below a value, as a YAML list: those that stand there in plain, under a key that Sabio takes for
a secret's (config/secrets.py) or in an address. `key` is that key, else empty. The value itself is never told.
*/}}
{{- define "sabio.plainSecrets" -}}
{{- $place := . -}}
{{- $text := toString .value -}}
{{- if kindIs "map" .value -}}
{{- range $name, $item := .value -}}
{{- $key := ternary $name $place.key (and (not $place.key) (regexMatch (include "sabio.secretKey" $) $name)) -}}
{{- include "sabio.plainSecrets" (dict "value" $item "path" (printf "%s.%s" $place.path $name) "key" $key) -}}
{{- end -}}
{{- else if kindIs "slice" .value -}}
{{- range $number, $item := .value -}}
{{- $step := printf "[%d]" $number -}}
{{- if kindIs "map" $item -}}{{- if $item.name -}}{{- $step = printf ".%v" $item.name -}}{{- end -}}{{- end -}}
{{- include "sabio.plainSecrets" (dict "value" $item "path" (printf "%s%s" $place.path $step) "key" $place.key) -}}
{{- end -}}
{{- else if or (kindIs "bool" .value) (kindIs "invalid" .value) (eq $text "") -}}
{{- else if and .key (not (regexMatch "^(|.*[^$])[$][{]\\w+[}]" $text)) -}}
{{- if not (regexMatch "(?i)credentials?$" .key) }}
- {{ printf "`%s` holds a secret, and everybody may read a ConfigMap: write `${NAME}` there, and put NAME into the Secret that `secrets.existingSecret` names" .path | quote }}
{{- else if not (hasPrefix "/" $text) }}
- {{ printf "`%s` holds a secret, and everybody may read a ConfigMap: write `${NAME}` there, or, for a key file, its absolute path where `pods.extraVolumeMounts` mounts it" .path | quote }}
{{- end }}
{{- else if regexMatch "://[^/\\s:@]*:([^/\\s@$]|[$][^{])[^/\\s@]*@" $text }}
- {{ printf "`%s` holds a password in an address, and everybody may read a ConfigMap: write `${NAME}` in its place, and put NAME into the Secret that `secrets.existingSecret` names" .path | quote }}
{{- end -}}
{{- end }}

{{/* A test holds this against config/secrets.py. */}}
{{- define "sabio.secretKey" -}}
(?i)(passw(or)?d|passphrase|secrets?|token|credentials?|(^|(api|access|private|signing|secret)[_-]?)key)$
{{- end }}

{{/* Kubernetes refuses a variable that stands twice, and says it badly. */}}
{{- define "sabio.checkEnv" -}}
{{- $ours := list -}}
{{- range .env -}}{{- $ours = append $ours .name -}}{{- end -}}
{{- range .extra -}}
{{- if has .name $ours -}}
{{- fail (printf "\n\n`extraEnv` sets %s, which the chart sets or which stands there twice\n" .name) -}}
{{- end -}}
{{- $ours = append $ours .name -}}
{{- end -}}
{{- end }}
