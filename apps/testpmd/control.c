/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/prompt.h"
#include "cli/show.h"
#include "cli/testpmd.h"
#include "common/clock.h"
#include "common/signals.h"
#include "report/metrics.h"
#include "report/progress.h"

#define TICK_NS (SECOND_NS / 4)
#define WAKE_SLOT 0
#define INPUT_SLOT 1
#define METRICS_SLOT 2
#define IDLE_SLOT 3
#define PORT_SLOTS 4

struct control {
	struct testpmd *pmd;
	struct progress progress;
	bool reads_input;
	bool sleeps; /* the main lcore forwards, and has no packets */
	uint64_t end_ns; /* of --duration; 0 for none */
	uint64_t show_ns; /* next time of --stats-period; 0 for never */
	uint64_t tick_ns; /* next check of the devices */
	struct pollfd fds[PORT_SLOTS + MAX_PORTS];
};

static void begin_control(struct control *control, struct testpmd *pmd)
{
	const struct options *options = &pmd->options;
	const uint64_t now = clock_ns();

	*control = (struct control){.pmd = pmd, .tick_ns = now + TICK_NS};
	if (options->duration > 0)
		control->end_ns = now + (uint64_t)(options->duration * SECOND_NS);
	if (options->stats_period > 0 && !options->interactive)
		control->show_ns = now + options->stats_period * SECOND_NS;
	/* As in testpmd, Enter ends a run that has no other end. */
	control->reads_input = options->interactive ||
		(control->end_ns == 0 && control->show_ns == 0);
	if (control->reads_input && !options->interactive) {
		/* Else the kernel stops a job in the background, and nothing polls the devices. */
		signal(SIGTTIN, SIG_IGN);
		printf("Press enter to exit\n");
	}
	fflush(stdout);
	progress_begin(&control->progress, &pmd->fwd,
		!options->interactive && options->stats_period == 0 &&
			(options->duration == 0 || options->duration > 2));
}

/* poll ignores descriptors below 0; a port without an event has one. */
static void fill_descriptors(struct control *control)
{
	control->fds[WAKE_SLOT] = (struct pollfd){.fd = signals_wake_fd(), .events = POLLIN};
	control->fds[INPUT_SLOT] = (struct pollfd){.fd = control->reads_input ? STDIN_FILENO : -1,
		.events = POLLIN};
	control->fds[IDLE_SLOT] = (struct pollfd){.fd = control->sleeps ?
			control->pmd->fwd.lcores[0].idle.epoll_fd :
			-1,
		.events = POLLIN};
	control->fds[METRICS_SLOT] = (struct pollfd){.fd = metrics_server_fd(control->pmd->metrics),
		.events = POLLIN};
	for (uint16_t i = 0; i < control->pmd->ports.count; i++) {
		const struct port *port = &control->pmd->ports.at[i];

		control->fds[PORT_SLOTS + i] = (struct pollfd){
			.fd = port_is_started(port) ? kl_device_event_fd(port->device) : -1,
			.events = POLLIN,
		};
	}
}

static uint64_t earlier_ns(uint64_t a, uint64_t b)
{
	return b != 0 && b < a ? b : a;
}

static int compute_timeout_ms(const struct control *control)
{
	const uint64_t now = clock_ns();
	uint64_t until = now + TICK_NS;

	if (control->pmd->fwd.running && control->pmd->fwd.on_main && !control->sleeps)
		return 0;
	until = earlier_ns(earlier_ns(earlier_ns(until, control->end_ns), control->show_ns),
		control->tick_ns);
	/* Rounded up, so that the last millisecond is no busy loop. */
	return until > now ? (until - now + 999999) / 1000000 : 0;
}

static void leave_input(struct control *control, const char *why)
{
	control->reads_input = false;
	printf("Standard input %s; SIGINT or SIGTERM ends this run\n", why);
	fflush(stdout);
}

/*
 * The end of input is not Enter: a service, or a container, has none from the beginning. Nor is
 * what is typed at a terminal for others, while this is a job in its background.
 */
static void read_enter(struct control *control)
{
	char input[64];
	const ssize_t length = read(STDIN_FILENO, input, sizeof(input));

	if (length > 0)
		control->pmd->quit = true;
	else if (length == 0)
		leave_input(control, "has ended");
	else if (errno != EINTR && errno != EAGAIN)
		leave_input(control, "can't be read");
}

static void read_input(struct control *control)
{
	if (control->pmd->options.interactive)
		prompt_read(control->pmd);
	else
		read_enter(control);
}

/* A command may have stopped or closed the port since the poll. */
static void handle_event(struct testpmd *pmd, struct port *port)
{
	uint32_t announcements;

	if (!port_is_started(port))
		return;
	announcements = kl_net_info(port->net)->announcements;
	if (!port_handle_event(port))
		pmd->failed = true;
	else if (kl_net_info(port->net)->announcements != announcements)
		fwd_announce(&pmd->fwd, port);
}

static void dispatch_events(struct control *control)
{
	if (control->fds[INPUT_SLOT].revents != 0)
		read_input(control);
	for (uint16_t i = 0; i < control->pmd->ports.count; i++)
		if (control->fds[PORT_SLOTS + i].revents != 0)
			handle_event(control->pmd, &control->pmd->ports.at[i]);
}

/*
 * Checks, four times a second, for devices that failed, disconnected or are to be removed, and for
 * changes that no descriptor in the poll reported.
 */
static void check_devices(struct control *control, uint64_t now)
{
	if (now < control->tick_ns)
		return;
	control->tick_ns = now + TICK_NS;
	fwd_check_mbufs(&control->pmd->fwd);
	for (uint16_t i = 0; i < control->pmd->ports.count; i++) {
		struct port *port = &control->pmd->ports.at[i];

		if (port_is_open(port) && kl_device_removal_requested(port->device))
			testpmd_remove_port(control->pmd, port);
		if (!port_is_started(port))
			continue;
		if (kl_device_event_is_due(port->device))
			handle_event(control->pmd, port);
		else if (kl_net_state(port->net) != KL_DEVICE_RUNNING && !port_recover(port))
			control->pmd->failed = true;
	}
}

static void show_statistics(struct control *control, uint64_t now)
{
	if (control->show_ns == 0 || now < control->show_ns)
		return;
	control->show_ns += control->pmd->options.stats_period * SECOND_NS;
	if (isatty(STDOUT_FILENO))
		printf("\033[2J\033[1;1H");
	printf("\nPort statistics ====================================");
	for (uint16_t i = 0; i < control->pmd->ports.count; i++)
		if (port_is_open(&control->pmd->ports.at[i]))
			show_port_stats(&control->pmd->ports.at[i]);
	fflush(stdout);
}

static bool is_over(const struct control *control)
{
	return control->pmd->quit || signals_stop_requested() ||
		(control->end_ns != 0 && clock_ns() >= control->end_ns);
}

void control_run(struct testpmd *pmd)
{
	struct control control;
	int ready;

	begin_control(&control, pmd);
	while (!is_over(&control)) {
		control.sleeps = fwd_slice(&pmd->fwd) && fwd_arm(&pmd->fwd);
		fill_descriptors(&control);
		ready = poll(control.fds, PORT_SLOTS + pmd->ports.count,
			compute_timeout_ms(&control));
		if (control.sleeps)
			fwd_disarm(&pmd->fwd);
		if (ready > 0)
			dispatch_events(&control);
		metrics_server_run(pmd->metrics);
		check_devices(&control, clock_ns());
		show_statistics(&control, clock_ns());
		progress_update(&control.progress, &pmd->fwd, control.end_ns);
	}
	progress_end(&control.progress);
}
