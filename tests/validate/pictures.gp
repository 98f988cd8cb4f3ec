# gnuplot -c pictures.gp FROM TO: for each FROM/NAME.tsv a picture TO/NAME.svg of the share that has not
# arrived after some time, as measured and as simulated.
from = ARG1
to = ARG2
set logscale xy
set xlabel "seconds after publish()"
set ylabel "share that has not arrived"
set xrange [0.1:*]
set yrange [0.0004:1]
set format y "%g"
set format x "%g"
set grid ls 1 lc rgb "#d0d0d0" lw 0.5
set key top right
do for [name in system("cd '" . from . "' && ls *.tsv | sed 's/[.]tsv$//'")] {
  set terminal svg size 460,300 font "sans,10" background rgb "white"
  set output sprintf("%s/%s.svg", to, name)
  set title name
  plot sprintf("%s/%s.tsv", from, name) index 0 with steps lw 2 lc rgb "#000000" title "measured", \
    "" index 1 with steps lw 1.5 lc rgb "#d55e00" title "simulated"
  set output
}
