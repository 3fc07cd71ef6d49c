/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_text.h"

#include <inttypes.h>

#include <rte_version.h>

#include <kickless/bus.h>

#include "cli/testpmd.h"

/* A label's value: a socket's path may hold anything. */
static void write_escaped(const char *text, FILE *file)
{
	for (; *text != '\0'; text++) {
		if (*text == '\n') {
			fputs("\\n", file);
			continue;
		}
		if (*text == '"' || *text == '\\')
			fputc('\\', file);
		fputc(*text, file);
	}
}

static void head(const char *name, const char *type, const char *help, FILE *file)
{
	fprintf(file, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A metric that each open port has one value of. */
struct port_metric {
	const char *name;
	const char *help;
	double (*value)(const struct port *port);
};

static double is_started(const struct port *port)
{
	return port_is_started(port);
}

static double link_is_up(const struct port *port)
{
	return kl_net_info(port->net)->link_up;
}

static double is_faulty(const struct port *port)
{
	return port->fault_told || port->reset_told;
}

static double mtu(const struct port *port)
{
	return kl_net_info(port->net)->mtu;
}

static double queue_pairs(const struct port *port)
{
	return port_is_started(port) ? port->conf.queue_pairs : 0;
}

static const struct port_metric port_metrics[] = {
	{"kickless_port_started", "Whether the port runs.", is_started},
	{"kickless_port_link_up", "Whether the device says that its link is up.", link_is_up},
	{"kickless_port_faulty", "Whether a queue broke, or the device asked for a reset.",
		is_faulty},
	{"kickless_port_mtu_bytes", "MTU.", mtu},
	{"kickless_port_queue_pairs", "Queue pairs that run.", queue_pairs},
};

static void write_port_metric(const struct testpmd *pmd, const struct port_metric *metric,
	FILE *file)
{
	head(metric->name, "gauge", metric->help, file);
	for (uint16_t i = 0; i < pmd->port_count; i++)
		if (port_is_open(&pmd->ports[i]))
			fprintf(file, "%s{port=\"%u\"} %.0f\n", metric->name, i,
				metric->value(&pmd->ports[i]));
}

static void write_devices(const struct testpmd *pmd, FILE *file)
{
	head("kickless_port_info", "gauge", "What a port is; always 1.", file);
	for (uint16_t i = 0; i < pmd->port_count; i++) {
		const struct port *port = &pmd->ports[i];

		if (!port_is_open(port))
			continue;
		fprintf(file, "kickless_port_info{port=\"%u\",device=\"", i);
		write_escaped(port_name(port), file);
		fprintf(file, "\",transport=\"%s\"} 1\n", kl_device_info(port->device)->transport);
	}
}

static void write_counter(const struct port *port, const struct counter_field *field,
	enum kl_net_direction direction, FILE *file)
{
	static const char *const words[] = {[KL_NET_RX] = "rx", [KL_NET_TX] = "tx"};

	for (uint16_t i = 0; i < port->conf.queue_pairs; i++) {
		struct kl_net_queue_stats stats;

		if (kl_net_queue_stats_get(port->net, direction, i, &stats) == 0)
			fprintf(file,
				"kickless_queue_%s_total{port=\"%u\",queue=\"%u\","
				"direction=\"%s\"} %" PRIu64 "\n",
				field->name, port->number, i, words[direction],
				counter_value(&stats, field));
	}
}

static void write_counters(const struct testpmd *pmd, const struct counter_field *field, FILE *file)
{
	char name[64];

	snprintf(name, sizeof(name), "kickless_queue_%s_total", field->name);
	head(name, "counter", field->help, file);
	for (uint16_t i = 0; i < pmd->port_count; i++) {
		if (!port_is_open(&pmd->ports[i]))
			continue;
		write_counter(&pmd->ports[i], field, KL_NET_RX, file);
		write_counter(&pmd->ports[i], field, KL_NET_TX, file);
	}
}

void metrics_write_text(const struct testpmd *pmd, FILE *file)
{
	head("kickless_build_info", "gauge", "Versions; always 1.", file);
	fprintf(file, "kickless_build_info{version=\"%s\",dpdk=\"%s\"} 1\n", KL_VERSION,
		rte_version());
	head("kickless_forwarding", "gauge", "Whether packets are being forwarded.", file);
	fprintf(file, "kickless_forwarding %d\n", pmd->fwd.running);
	write_devices(pmd, file);
	for (size_t i = 0; i < RTE_DIM(port_metrics); i++)
		write_port_metric(pmd, &port_metrics[i], file);
	for (const struct counter_field *field = counter_fields; field->name != NULL; field++)
		write_counters(pmd, field, file);
}
