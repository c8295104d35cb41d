{{- define "scrape-operator.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* A release whose name contains the chart's name needs no longer name. */ -}}
{{- define "scrape-operator.fullname" -}}
{{- $name := include "scrape-operator.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "scrape-operator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "scrape-operator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "scrape-operator.labels" -}}
{{ include "scrape-operator.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "scrape-operator.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "scrape-operator.fullname" .) "default") -}}
{{- end -}}

{{- define "scrape-operator.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- $digest := .Values.image.digest | empty | ternary "" (printf "@%s" .Values.image.digest) -}}
{{- printf "%s:%s%s" .Values.image.repository $tag $digest -}}
{{- end -}}

{{- /* The name of cluster-scoped objects: releases in several namespaces may have the same name. */ -}}
{{- define "scrape-operator.clusterName" -}}
{{- printf "%s-%s" (include "scrape-operator.fullname" .) .Release.Namespace | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* What the operator needs in each namespace: read its kinds and the Secrets that are allowed, write statuses, post Events. */ -}}
{{- define "scrape-operator.rules" -}}
- apiGroups: [scrape-operator.dev]
  resources: [{{ include "scrape-operator.namespacedResources" . }}]
  verbs: [get, list, watch]
- apiGroups: [scrape-operator.dev]
  resources: [{{ include "scrape-operator.namespacedStatuses" . }}]
  verbs: [get, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if or (eq .Values.secrets.allow "namespace") (and (eq .Values.secrets.allow "names") .Values.secrets.names) }}
- apiGroups: [""]
  resources: [secrets]
  {{- if eq .Values.secrets.allow "names" }}
  resourceNames: {{ toJson .Values.secrets.names }}
  {{- end }}
  verbs: [get]
{{- end }}
{{- end -}}

{{- /* What the operator needs in the whole cluster: read its cluster-scoped kinds. Empty if there are none. */ -}}
{{- define "scrape-operator.clusterRules" -}}
{{- with include "scrape-operator.clusterResources" . -}}
- apiGroups: [scrape-operator.dev]
  resources: [{{ . }}]
  verbs: [get, list, watch]
{{- end }}
{{- end -}}

{{- define "scrape-operator.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* config: the key in camel case, the variable in capitals; lists are joined by commas, empty ones left out. */ -}}
{{- define "scrape-operator.env" -}}
- name: SCRAPE_OPERATOR_IDENTITY
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: SCRAPE_INTERVAL_MINUTES
  value: {{ .Values.intervalMinutes | quote }}
{{- with .Values.watchNamespaces }}
- name: SCRAPE_OPERATOR_NAMESPACES
  value: {{ uniq . | join "," | quote }}
{{- end }}
{{- range $key, $value := .Values.config }}
{{- $text := kindIs "slice" $value | ternary (join "," $value) (toString $value) }}
{{- if $text }}
- name: SCRAPE_OPERATOR_{{ $key | snakecase | upper }}
  value: {{ $text | quote }}
{{- end }}
{{- end }}
{{- if .Values.database.existingSecret }}
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.existingSecret }}
      key: {{ .Values.database.secretKey }}
{{- else }}
- name: SCRAPE_OPERATOR_SQLITE_PATH
  value: /data/scrape-operator.db
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "scrape-operator.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if not .Values.database.existingSecret }}
- name: data
  mountPath: /data
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
