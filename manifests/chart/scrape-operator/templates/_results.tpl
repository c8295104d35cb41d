{{- /* The results API: with SQLite a container of the operator's pod, where the file is; else its own Deployment. */ -}}
{{- define "scrape-operator.results.inPod" -}}
{{- if and .Values.resultsApi.enabled (not .Values.database.existingSecret) }}true{{ end -}}
{{- end -}}

{{- define "scrape-operator.results.ownDeployment" -}}
{{- if and .Values.resultsApi.enabled .Values.database.existingSecret }}true{{ end -}}
{{- end -}}

{{- define "scrape-operator.results.certManager" -}}
{{- if and .Values.resultsApi.enabled (eq .Values.resultsApi.certificates "cert-manager") }}true{{ end -}}
{{- end -}}

{{- define "scrape-operator.results.apiService" -}}v1alpha1.results.scrape-operator.dev{{- end -}}

{{- /* The name of the Service, and of all that belongs to it. The operator's Secret is called <name>-tls, that of cert-manager <name>-cert. */ -}}
{{- define "scrape-operator.results.name" -}}
{{- printf "%s-results" (include "scrape-operator.fullname" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- define "scrape-operator.results.clusterName" -}}
{{- printf "%s-results" (include "scrape-operator.clusterName" . | trunc 55 | trimSuffix "-") -}}
{{- end -}}

{{- /* Its pods have a name of their own, so that neither the operator's Service nor its Deployment selects them. */ -}}
{{- define "scrape-operator.results.selectorLabels" -}}
app.kubernetes.io/name: {{ printf "%s-results" (include "scrape-operator.name" . | trunc 55 | trimSuffix "-") }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "scrape-operator.results.podLabels" -}}
{{ include "scrape-operator.results.selectorLabels" . }}
app.kubernetes.io/component: results-api
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- /* The account of the process that serves: the operator's own, or one that may do nothing else. */ -}}
{{- define "scrape-operator.results.serviceAccountName" -}}
{{- if and .Values.serviceAccount.create (include "scrape-operator.results.ownDeployment" .) -}}
{{- include "scrape-operator.results.name" . -}}
{{- else -}}
{{- include "scrape-operator.serviceAccountName" . -}}
{{- end -}}
{{- end -}}

{{- define "scrape-operator.results.env" -}}
- name: SCRAPE_OPERATOR_RESULTS_API_PORT
  value: {{ .Values.resultsApi.port | quote }}
- name: SCRAPE_OPERATOR_RESULTS_API_SERVICE
  value: {{ printf "%s/%s" .Release.Namespace (include "scrape-operator.results.name" .) }}
{{- if include "scrape-operator.results.certManager" . }}
- name: SCRAPE_OPERATOR_RESULTS_API_CERTIFICATE_DIR
  value: /etc/scrape-operator/results-tls
{{- end }}
{{- end -}}

{{- define "scrape-operator.results.container" -}}
- name: results
  image: {{ include "scrape-operator.image" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args: [results]
  env:
    {{- include "scrape-operator.env" . | nindent 4 }}
    {{- include "scrape-operator.results.env" . | nindent 4 }}
  ports:
  - name: results
    containerPort: {{ .Values.resultsApi.port }}
  # No client certificate is needed for them. Ready is who listens, also without the database.
  startupProbe:
    httpGet: {path: /healthz, port: results, scheme: HTTPS}
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 60
  livenessProbe:
    httpGet: {path: /healthz, port: results, scheme: HTTPS}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  readinessProbe:
    httpGet: {path: /readyz, port: results, scheme: HTTPS}
    periodSeconds: 5
    timeoutSeconds: 5
  # Requests still arrive for a moment after the address of the pod was withdrawn.
  lifecycle:
    preStop: {sleep: {seconds: 5}}
  securityContext:
    {{- include "scrape-operator.securityContext" . | nindent 4 }}
  resources:
    {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts:
    {{- include "scrape-operator.volumeMounts" . | nindent 2 }}
    {{- include "scrape-operator.results.volumeMounts" . | nindent 2 }}
{{- end -}}

{{- define "scrape-operator.results.volumeMounts" -}}
{{- if include "scrape-operator.results.certManager" . }}
- name: results-tls
  mountPath: /etc/scrape-operator/results-tls
  readOnly: true
{{- end }}
{{- end -}}

{{- define "scrape-operator.results.volumes" -}}
{{- if include "scrape-operator.results.certManager" . }}
- name: results-tls
  secret:
    secretName: {{ include "scrape-operator.results.name" . }}-cert
    defaultMode: 0440
{{- end }}
{{- end -}}
