experimentsdir = $(pkgdatadir)/experiments
dist_experiments_DATA = \
	experiments/broker-restart.ini \
	experiments/client-reboot.ini \
	experiments/libraries.ini \
	experiments/qos-vs-loss.ini \
	experiments/smoke.ini \
	experiments/timeout-sweep.ini \
	experiments/why-a-timer-helps.ini

# What was measured on real machines, and the same set-ups simulated: `make validate` compares.
REFERENCE_MEASURED = \
	experiments/reference/measured/batch-q2-loss0.csv \
	experiments/reference/measured/batch-q2-loss0.05.csv \
	experiments/reference/measured/cuts-q1.csv \
	experiments/reference/measured/large-q0-loss0.01.csv \
	experiments/reference/measured/narrow-q0-100kbps.csv \
	experiments/reference/measured/outage12-q0.csv \
	experiments/reference/measured/outage12-q1.csv \
	experiments/reference/measured/outage12-q2.csv \
	experiments/reference/measured/slow-q1-loss0.05.csv \
	experiments/reference/measured/stream-q1-loss0.02.csv \
	experiments/reference/measured/thin-q0-loss0.csv \
	experiments/reference/measured/thin-q0-loss0.02.csv \
	experiments/reference/measured/thin-q0-loss0.10.csv \
	experiments/reference/measured/thin-q1-loss0.csv \
	experiments/reference/measured/thin-q1-loss0.02.csv \
	experiments/reference/measured/thin-q1-loss0.10.csv \
	experiments/reference/measured/thin-q2-loss0.csv \
	experiments/reference/measured/thin-q2-loss0.02.csv \
	experiments/reference/measured/thin-q2-loss0.10.csv \
	experiments/reference/measured/window-q1-loss0.08.csv
EXTRA_DIST += $(REFERENCE_MEASURED) experiments/reference/README \
	experiments/reference/batch.ini \
	experiments/reference/cuts.ini \
	experiments/reference/large.ini \
	experiments/reference/narrow.ini \
	experiments/reference/outage12.ini \
	experiments/reference/slow.ini \
	experiments/reference/stream.ini \
	experiments/reference/thin.ini \
	experiments/reference/window.ini
