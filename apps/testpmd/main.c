/* SPDX-License-Identifier: BSD-3-Clause */
/* kickless-testpmd: the program from its start to its end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_version.h>

#include <kickless/eal.h>
#include <kickless/version.h>

#include "cli/command.h"
#include "cli/parse_settings.h"
#include "cli/prompt.h"
#include "cli/show.h"
#include "cli/testpmd.h"
#include "common/message.h"
#include "common/results.h"
#include "common/signals.h"
#include "control.h"
#include "forward/capture.h"
#include "port/pool.h"
#include "report/metrics.h"
#include "report/telemetry.h"

#define EXIT_USAGE 2

static struct testpmd testpmd;

/* While the ports are open: the report has their names. */
static void make_results(struct testpmd *pmd)
{
	if (pmd->options.json == NULL)
		return;
	if (pmd->report.mode == NULL)
		report_collect(&pmd->report, &pmd->fwd);
	pmd->json = report_to_json(&pmd->report);
}

static int check_cores(const struct testpmd *pmd)
{
	if (pmd->settings.cores <= fwd_max_cores())
		return settings_check_cores(&pmd->settings);
	print_error("--nb-cores=%u: EAL has %u lcores for forwarding; give it more by -l",
		pmd->settings.cores, fwd_max_cores());
	return -EINVAL;
}

static int open_ports(struct testpmd *pmd)
{
	for (uint16_t i = 0; i < pmd->options.device_count; i++) {
		const int rc = signals_stop_requested() ?
			-EINTR :
			testpmd_add_port(pmd, pmd->options.devices[i]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int start_ports(struct testpmd *pmd)
{
	if (pmd->options.stopped)
		return 0;
	ports_complete_offloads(&pmd->ports);
	for (uint16_t i = 0; i < pmd->ports.count; i++) {
		if (signals_stop_requested())
			return -EINTR;
		/* The command line is correct; the device does not follow it. */
		if (port_start(&pmd->ports.at[i]) != 0)
			return -EIO;
	}
	printf("Checking link statuses...\nDone\n");
	fflush(stdout);
	return 0;
}

static int set_up(struct testpmd *pmd)
{
	int rc;

	if (pmd->options.pcap_out != NULL) {
		pmd->fwd.capture = capture_open(pmd->options.pcap_out);
		if (pmd->fwd.capture == NULL)
			return -EIO;
	}
	rc = open_ports(pmd);
	if (rc == 0)
		rc = testpmd_create_pools(pmd);
	if (rc == 0 && pmd->options.metrics_listen != NULL) {
		pmd->metrics = metrics_server_open(pmd->options.metrics_listen, &pmd->fwd);
		rc = pmd->metrics != NULL ? 0 : -EIO;
	}
	telemetry_register(&pmd->ports);
	if (rc == 0)
		rc = start_ports(pmd);
	if (rc == 0)
		rc = prompt_init(pmd, command_groups);
	return rc;
}

static void close_ports(struct testpmd *pmd)
{
	for (uint16_t i = 0; i < pmd->ports.count; i++) {
		struct port *port = &pmd->ports.at[i];

		if (!port_is_open(port))
			continue;
		printf("\nStopping port %u...\nStopping ports...\n", i);
		fflush(stdout);
		if (port_is_started(port) && port_stop(port) != 0)
			pmd->failed = true;
		printf("Done\n\nShutting down port %u...\nClosing ports...\n", i);
		port_close(port);
		port_close_tap(port);
		printf("Port %u is closed\nDone\n", i);
	}
	fflush(stdout);
}

static int run_interactive(struct testpmd *pmd)
{
	int rc = 0;

	printf("Interactive-mode selected\n");
	if (pmd->options.auto_start) {
		printf("Start automatic packet forwarding\n");
		rc = pmd->fwd.running ? 0 : testpmd_start(pmd, 0);
	}
	if (rc == 0)
		rc = prompt_open();
	if (rc == 0)
		control_run(pmd);
	if (rc == 0 && !pmd->quit)
		printf("\n"); /* a signal came within the prompt's line */
	return rc;
}

static int run_at_once(struct testpmd *pmd)
{
	int rc = 0;

	printf("No commandline core given, start packet forwarding\n");
	if (!pmd->fwd.running)
		rc = testpmd_start(pmd, pmd->options.tx_first);
	if (rc == 0)
		control_run(pmd);
	return rc;
}

static int run_program(struct testpmd *pmd)
{
	int rc = 0;

	if (pmd->options.cmdline_file != NULL)
		rc = prompt_load(pmd, pmd->options.cmdline_file);
	if (rc == 0 && !pmd->quit && !signals_stop_requested())
		rc = pmd->options.interactive ? run_interactive(pmd) : run_at_once(pmd);
	if (pmd->fwd.running)
		testpmd_stop(pmd);
	for (uint16_t i = 0; i < pmd->ports.count; i++)
		if (port_check_queues(&pmd->ports.at[i]))
			pmd->failed = true;
	make_results(pmd);
	return rc;
}

static int exit_code(const struct testpmd *pmd, int rc)
{
	if (rc == -EINVAL)
		return EXIT_USAGE;
	return rc == 0 && !pmd->failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_with_eal(struct testpmd *pmd)
{
	int rc = check_cores(pmd);

	if (rc != 0)
		return rc;
	rc = set_up(pmd);
	if (rc == 0)
		rc = run_program(pmd);
	else if (rc == -EINTR)
		print_error("stopped before forwarding began");
	metrics_server_close(pmd->metrics);
	prompt_close();
	close_ports(pmd);
	fwd_free(&pmd->fwd);
	if (capture_close(pmd->fwd.capture) != 0)
		pmd->failed = true;
	pools_free(&pmd->ports);
	return rc;
}

/* Opens standard files that the caller closed; otherwise the next file opened would become one. */
static int hold_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int run_testpmd(struct testpmd *pmd, int argc, char **argv)
{
	int rc;

	testpmd_init(pmd);
	rc = kl_eal_init(argc, argv);
	if (rc >= 0) {
		if (kl_sigbus_catch() != 0)
			print_warning(
				"SIGBUS can't be caught; removing a device may end this program");
		rc = run_with_eal(pmd);
		kl_eal_cleanup();
	}
	if (rc == 0)
		printf("\nBye...\n");
	return exit_code(pmd, rc);
}

int main(int argc, char **argv)
{
	struct testpmd *pmd = &testpmd;
	struct results results;
	int status;

	messages_begin();

	if (hold_standard_files() != 0 || signals_catch() != 0)
		return EXIT_FAILURE;
	if (options_parse(&pmd->options, argc, argv) != 0)
		return EXIT_USAGE;
	if (pmd->options.help)
		options_help();
	if (pmd->options.version)
		printf("kickless-testpmd %s (%s)\n", KL_VERSION, rte_version());
	if (pmd->options.help || pmd->options.version)
		return EXIT_SUCCESS;
	if (pmd->options.dry_run)
		return show_dry_run(&pmd->options) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	if (results_open(&results, pmd->options.json) != 0)
		return EXIT_FAILURE;
	status = run_testpmd(pmd, argc, argv);
	if (results_write(&results, pmd->json, status) != 0 && status == EXIT_SUCCESS)
		return EXIT_FAILURE;
	return status;
}
