# The panels. The data have a block for each series of each panel; columns: x, series, panel, and
# then value, low, high, or, of a distribution, share and mark.
#
# A distribution is over all that was owed: what was lost never arrived, so a curve ends at the
# delivery ratio, or, where y is the share still missing, at the share lost.
set multiplot
set label 1 title_text at screen 0.5, 1.0 - (8.0 + 0.6 * title_size) / height center \
  font sprintf(",%d", title_size)

# Zero has no place on a logarithmic axis, `never` on none: they stand apart.
is_apart(s) = s eq "never" || (y_log && real(s) == 0)
place(s) = s eq "never" ? y_nevers[p] : (y_log && real(s) <= 0 ? y_zeros[p] : real(s))

do for [p = 1:panels] {
  set lmargin at screen left_of(p)
  set rmargin at screen right_of(p)
  set tmargin at screen top_of(p)
  set bmargin at screen bottom_of(p)
  set title panel_titles[p] font ",10" offset 0, -0.6
  set xlabel x_labels[p] font ",10" offset 0, 0.3
  set label 2 y_labels[p] at screen left_of(p) - 67.0 / width, (top_of(p) + bottom_of(p)) / 2 \
    center rotate by 90 font ",10"
  if (x_log) { set logscale x } else { unset logscale x }
  if (y_log) { set logscale y } else { unset logscale y }
  eval "set xrange [" . x_ranges[p] . "]; set yrange [" . y_ranges[p] . "]"
  eval "set xtics (" . x_tics[p] . "); set ytics (" . y_tics[p] . ")"
  unset arrow
  if (x_zero_gaps[p] == x_zero_gaps[p]) {
    set arrow from first x_zero_gaps[p], graph 0 to first x_zero_gaps[p], graph 1 nohead ls 101
  }
  if (x_never_gaps[p] == x_never_gaps[p]) {
    set arrow from first x_never_gaps[p], graph 0 to first x_never_gaps[p], graph 1 nohead ls 101
  }
  if (y_zero_gaps[p] == y_zero_gaps[p]) {
    set arrow from graph 0, first y_zero_gaps[p] to graph 1, first y_zero_gaps[p] nohead ls 101
  }
  if (y_never_gaps[p] == y_never_gaps[p]) {
    set arrow from graph 0, first y_never_gaps[p] to graph 1, first y_never_gaps[p] nohead ls 101
  }
  unset key
  if (kind eq "cdf") {
    plot for [s = 1:series] data index (p - 1) * series + s - 1 using 1:4 with lines ls s notitle, \
      for [s = 1:series] data index (p - 1) * series + s - 1 using 1:5 \
        with points ls s ps 0.7 notitle
  } else {
    plot for [s = 1:series] data index (p - 1) * series + s - 1 \
        using 1:(place(strcol(4))):(place(strcol(5))):(place(strcol(6))) \
        with yerrorbars ls s dt solid lw 0.8 pt -1 notitle, \
      for [s = 1:series] data index (p - 1) * series + s - 1 \
        using 1:(is_apart(strcol(4)) ? NaN : real(strcol(4))) with linespoints ls s notitle, \
      for [s = 1:series] data index (p - 1) * series + s - 1 \
        using 1:(is_apart(strcol(4)) ? place(strcol(4)) : NaN) with points ls s ps 0.75 notitle
  }
  unset label
}
