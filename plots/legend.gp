# One legend for all panels, in a strip below them.
if (legend_rows > 0) {
  set lmargin at screen 0.02
  set rmargin at screen 0.98
  set bmargin at screen 4.0 / height
  set tmargin at screen (4.0 + 19.0 * legend_rows) / height
  unset border
  unset tics
  unset title
  unset xlabel
  unset arrow
  unset logscale
  unset grid
  set key inside center center horizontal Left reverse spacing 1.15 maxrows legend_rows \
    samplen 3.2 width 1 font ",10"
  set key title legend_title font ",10"
  plot [0:1][0:1] for [s = 1:series] NaN with linespoints ls s title series_titles[s]
}
unset multiplot
set output
