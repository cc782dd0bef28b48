"""Reports as one HTML file each, complete in itself: parts that pages are put together from.

markup     text that is escaped, tables
figure     a plot, as Plotly takes it
document   head, style, plots' data, script
sections   what a summary has to say, as tables
timeline, distribution      figures of a run's course
run_page   the page of one run
comparison_page             the page of two sides
"""
