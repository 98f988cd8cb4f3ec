# Values over a factor, with their intervals. The data have a block for each series of each panel;
# columns: x, series, panel, value, low, high.
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
  unset arrow 1
  if (x_gaps[p] > 0) {
    set arrow 1 from first x_gaps[p], graph 0 to first x_gaps[p], graph 1 nohead \
      lc rgb "#909090" lw 0.8 dt (2, 4)
  }
  unset key
  plot for [s = 1:series] data index (p - 1) * series + s - 1 using 1:4:5:6 \
      with yerrorbars ls s dt solid lw 0.8 ps 0 notitle, \
    for [s = 1:series] data index (p - 1) * series + s - 1 using 1:4 with linespoints ls s notitle
  unset label
}
