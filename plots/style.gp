# Panels stand in a grid of columns x rows below the title, the legend below them; lengths are in
# pixels of the picture at its nominal size.
top = 10.0 + 1.5 * title_size * title_lines
bottom = 22.0 + (legend_rows > 0 ? 8.0 + 19.0 * legend_rows : 0)
row_height = panel_height + title_room
height = top + rows * row_height + bottom
panel_width = (width - 8.0) / columns
column_of(p) = slots[p] % columns
row_of(p) = slots[p] / columns
left_of(p) = (4.0 + panel_width * column_of(p) + 80.0) / width
right_of(p) = (4.0 + panel_width * (column_of(p) + 1) - 14.0) / width
top_of(p) = 1.0 - (top + row_height * row_of(p) + title_room) / height
bottom_of(p) = 1.0 - (top + row_height * (row_of(p) + 1) - 22.0) / height

# The look of every picture. Series differ by colour, dash and point at once, so they can be told
# apart in grey and by colour-blind readers; colours after M. Okabe and K. Ito, Color Universal
# Design (2008), ordered so that neighbours differ in lightness too. The scales of the fonts make
# the two kinds of pictures alike: one counts in points of 1/72 inch, the other in pixels.
if (format eq "png") {
  set terminal pngcairo size 2 * width, 2 * height noenhanced font "Helvetica,10" fontscale 1.7 \
    linewidth 2 pointscale 2 background rgb "white"
} else {
  set terminal svg size width, height noenhanced font "Helvetica,10" fontscale 1.12 \
    background rgb "white"
}
set output picture
set encoding utf8
set datafile separator "\t"

array colours[8] = ["#0072b2", "#d55e00", "#000000", "#009e73", \
  "#cc79a7", "#56b4e9", "#e69f00", "#7f7f7f"]
array points[8] = [7, 4, 9, 6, 11, 5, 8, 13]
do for [i = 1:40] {
  set style line i lc rgb colours[(i - 1) % 8 + 1] lw 1.4 pt points[(i - 1) % 8 + 1] ps 0.55
}
do for [i = 0:7] {
  set style line 5 * i + 1 dt solid
  set style line 5 * i + 2 dt (12, 4)
  set style line 5 * i + 3 dt (3, 3)
  set style line 5 * i + 4 dt (12, 3, 3, 3)
  set style line 5 * i + 5 dt (20, 4, 3, 4, 3, 4)
}
set style line 100 lc rgb "#e0e0e0" lw 0.6 dt solid
set style line 101 lc rgb "#909090" lw 0.8 dt (2, 4)
set border 3 lc rgb "#404040" lw 0.8
set tics nomirror out scale 0.6, 0.35 font ",9" textcolor rgb "#202020"
set grid xtics ytics ls 100
set bars 0.5
