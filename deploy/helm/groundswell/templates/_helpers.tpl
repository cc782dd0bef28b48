{{/* The release's name, and the chart's where that does not say it. */}}
{{- define "groundswell.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selectors ask for: (list . "agent") */}}
{{- define "groundswell.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: groundswell
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* What every object carries: (list . "agent"), or an empty component for what is nobody's. */}}
{{- define "groundswell.labels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: groundswell
app.kubernetes.io/instance: {{ $root.Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{- define "groundswell.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "groundswell.priorityClass" -}}
{{- if .Values.priorityClass.create -}}
{{ include "groundswell.fullname" . }}
{{- else -}}
{{ .Values.priorityClass.name }}
{{- end -}}
{{- end -}}

{{/* Of every pod: nobody's user, nobody's capabilities. */}}
{{- define "groundswell.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "groundswell.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What agents load: private addresses, where targets are pods, and the networks that stand in `targets`. */}}
{{- define "groundswell.allowedTargets" -}}
{{- $cidrs := list -}}
{{- $hasPods := false -}}
{{- range .Values.targets -}}
{{- if .cidr -}}{{- $cidrs = append $cidrs .cidr -}}{{- else -}}{{- $hasPods = true -}}{{- end -}}
{{- end -}}
{{- range $cidrs }}
- --allow-target={{ . }}
{{- end -}}
{{- if and $cidrs $hasPods }}
- --allow-target=private
{{- end -}}
{{- end -}}

{{/* Names: one rule of a NetworkPolicy's ways out. */}}
{{- define "groundswell.dnsEgress" -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: kube-system
      podSelector:
        matchLabels:
          k8s-app: kube-dns
    {{- range .Values.networkPolicy.dns }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end -}}

{{/* Refuses what would render and not do what is meant. */}}
{{- define "groundswell.checks" -}}
{{- if not .Values.targets -}}
{{- fail "\n\ntargets is empty: agents may reach nothing, and would load nothing.\nSay what they may reach, such as\n\n  targets:\n    - cidr: 10.20.0.0/16\n      ports: [443]\n    - podLabels: {app: shop}\n      namespaceLabels: {kubernetes.io/metadata.name: shop}\n\nA NetworkPolicy knows addresses and labels, and no names.\n" -}}
{{- end -}}
{{- range $index, $target := .Values.targets -}}
{{- if and $target.cidr (or $target.podLabels $target.namespaceLabels) -}}
{{- fail (printf "\n\ntargets[%d] has a cidr and labels: a NetworkPolicy takes one or the other. Make two targets of it.\n" $index) -}}
{{- end -}}
{{- if and $target.except (not $target.cidr) -}}
{{- fail (printf "\n\ntargets[%d] has except, and no cidr to except it from.\n" $index) -}}
{{- end -}}
{{- end -}}
{{- end -}}
