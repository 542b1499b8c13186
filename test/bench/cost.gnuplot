# The picture of README, from results.tsv:
#   gnuplot -e "results='results.tsv'" cost.gnuplot >cost.svg
series(unit) = sprintf("< awk -F '\\t' '$2 == \"random() and unique index\" && $4 == \"%s\" { print $3 / 1e6, $5, $8 }' '%s'", unit, results)
figure(x) = x < 10 ? sprintf('%.1f', x) : sprintf('%.0f', x)

set terminal svg size 880,330 font 'DejaVu Sans,Arial,sans-serif,13' background '#ffffff'
set multiplot layout 1,2 margins 0.055,0.99,0.17,0.87 spacing 0.08
set border 3 lc rgb '#808080'
set tics nomirror scale 0.5 textcolor rgb '#303030'
set xlabel 'cards in the table, millions' textcolor rgb '#303030'
unset key

cardgen = '#0b62a4'
unique_index = '#c2410c'

do for [unit in 'ms MB'] {
	set autoscale
	stats series(unit) using 1 nooutput name 'rows'
	stats series(unit) using 3 nooutput name 'cost'
	set title (unit eq 'ms' ? 'Time for 100,000 cards, ms' : 'Write-ahead log for 100,000 cards, MB') textcolor rgb '#000000'
	set xrange [-rows_max * 0.03:rows_max * 1.45]
	set yrange [0:cost_max * 1.15]
	plot series(unit) using 1:3:xtic(sprintf('%g', $1)) with linespoints lw 2.5 pt 7 ps 0.7 lc rgb unique_index, \
		'' using 1:3:($1 > 0 && $1 < rows_max ? figure($3) : '') with labels left offset 0.7,-0.4 textcolor rgb unique_index, \
		'' using 1:3:($1 == rows_max ? "random() and\nunique index:\n".figure($3) : '') with labels left offset 0.9,0 textcolor rgb unique_index, \
		'' using 1:2 with linespoints lw 2.5 pt 7 ps 0.7 lc rgb cardgen, \
		'' using 1:2:($1 == rows_max ? 'cardgen: '.figure($2) : '') with labels left offset 0.9,0.35 textcolor rgb cardgen
}
unset multiplot
