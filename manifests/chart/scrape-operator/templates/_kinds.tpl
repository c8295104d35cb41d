{{- /* Generated from operator/scrape_operator/api by `make generate`. Do not edit. */ -}}
{{- define "scrape-operator.namespacedResources" -}}scrapeschedules, scrapepolicies{{- end -}}
{{- define "scrape-operator.clusterResources" -}}clusterscrapepolicies{{- end -}}
{{- define "scrape-operator.namespacedStatuses" -}}scrapeschedules/status{{- end -}}
{{- define "scrape-operator.editResources" -}}scrapeschedules{{- end -}}
{{- define "scrape-operator.adminResources" -}}scrapepolicies{{- end -}}
