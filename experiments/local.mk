experimentsdir = $(pkgdatadir)/experiments
dist_experiments_DATA = \
	experiments/broker-restart.ini \
	experiments/client-reboot.ini \
	experiments/libraries.ini \
	experiments/qos-vs-loss.ini \
	experiments/smoke.ini \
	experiments/timeout-sweep.ini \
	experiments/why-a-timer-helps.ini
