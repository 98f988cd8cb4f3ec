# Distributions of a time over all that was owed: what was lost never arrived, so a curve ends at
# the delivery ratio, or, where y is the share still missing, at the share lost. The data have a
# block for each series of each panel; columns: x, series, panel, share.
set multiplot
set label 1 title_text at screen 0.5, 1.0 - 15.0 / height center font ",12"
do for [p = 1:panels] {
  set lmargin at screen left_of(p)
  set rmargin at screen right_of(p)
  set tmargin at screen top_of(p)
  set bmargin at screen bottom_of(p)
  set title panel_titles[p] font ",10" offset 0, -0.6
  set xlabel x_label font ",10" offset 0, 0.4
  set label 2 y_labels[p] at screen left_of(p) - 56.0 / width, (top_of(p) + bottom_of(p)) / 2 \
    center rotate by 90 font ",10"
  if (x_log) { set logscale x } else { unset logscale x }
  if (y_log) { set logscale y } else { unset logscale y }
  eval "set xrange [" . x_ranges[p] . "]; set yrange [" . y_ranges[p] . "]"
  eval "set xtics (" . x_tics[p] . ")"
  set format y "%g"
  unset key
  plot for [s = 1:series] data index (p - 1) * series + s - 1 using 1:4 \
    with lines ls s lw 1.8 notitle
  unset label
}
