"""What runs groundswell elsewhere: manifests, a chart, an image; of Python only what writes the dashboards."""
