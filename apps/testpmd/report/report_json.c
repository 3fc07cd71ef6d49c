/* SPDX-License-Identifier: BSD-3-Clause */
/* The report as JSON, for programs. The keys are stable, and include their unit. */
#include "report.h"

#include <string.h>

#include "common/results.h"
#include "port/port.h"

static json_t *names_to_json(const char *names)
{
	json_t *list = json_array();

	while (*names != '\0') {
		const size_t length = strcspn(names, " ");

		json_array_append_new(list, json_stringn(names, length));
		names += length;
		names += strspn(names, " ");
	}
	return list;
}

static json_t *queue_to_json(const struct queue_report *queue)
{
	const struct kl_net_queue_stats *stats = &queue->stats;
	const char *path = queue->info.path != NULL ? queue->info.path : "none";
	json_t *object = json_object();
	char kick[32];

	json_object_set_new(object, "queue", json_integer(queue->queue));
	json_object_set_new(object, "dir", json_string(queue->tx ? "tx" : "rx"));
	for (const struct counter_field *field = counter_fields; field->name != NULL; field++)
		json_object_set_new(object, field->name, json_integer(counter_value(stats, field)));
	json_object_set_new(object, "kicks_per_1000_packets",
		json_real(queue_kicks_per_thousand(queue)));
	json_object_set_new(object, "path", json_string(path));
	json_object_set_new(object, "ring", json_string(ring_name(&queue->info)));
	json_object_set_new(object, "size", json_integer(queue->info.size));
	json_object_set_new(object, "kick",
		json_string(kick_policy_text(&queue->info.kick, kick, sizeof(kick))));
	json_object_set_new(object, "fault", json_string(kl_queue_fault_name(queue->info.fault)));
	return object;
}

static void add_totals(json_t *object, const struct port_report *port, double seconds)
{
	const struct port_totals *totals = &port->totals;
	const double rx_pps = seconds > 0 ? totals->rx_packets / seconds : 0;
	const double tx_pps = seconds > 0 ? totals->tx_packets / seconds : 0;

	json_object_set_new(object, "rx_packets", json_integer(totals->rx_packets));
	json_object_set_new(object, "tx_packets", json_integer(totals->tx_packets));
	json_object_set_new(object, "rx_bytes", json_integer(totals->rx_bytes));
	json_object_set_new(object, "tx_bytes", json_integer(totals->tx_bytes));
	json_object_set_new(object, "rx_pps", json_real(rx_pps));
	json_object_set_new(object, "tx_pps", json_real(tx_pps));
	json_object_set_new(object, "rx_errors", json_integer(totals->rx_errors));
	json_object_set_new(object, "rx_nombuf", json_integer(totals->rx_nombuf));
	json_object_set_new(object, "rx_bad_ip_checksums", json_integer(port->bad_ip));
	json_object_set_new(object, "rx_bad_l4_checksums", json_integer(port->bad_l4));
	json_object_set_new(object, "tx_dropped", json_integer(port->tx_dropped));
	if (port->tap[0] != '\0') {
		json_object_set_new(object, "tap", json_text(port->tap));
		json_object_set_new(object, "tap_dropped", json_integer(port->tap_dropped));
	}
}

static json_t *port_to_json(const struct port_report *port, double seconds)
{
	const char *ring = port->queue_count > 0 ? ring_name(&port->queues[0].info) : "none";
	json_t *object = json_object();
	json_t *queues = json_array();

	json_object_set_new(object, "port", json_integer(port->port));
	json_object_set_new(object, "device", json_text(port->device));
	json_object_set_new(object, "transport", json_string(port->transport));
	json_object_set_new(object, "access", json_text(port->access));
	json_object_set_new(object, "isolated", json_boolean(port->is_isolated));
	json_object_set_new(object, "ring", json_string(ring));
	json_object_set_new(object, "features", names_to_json(port->features));
	add_totals(object, port, seconds);
	for (uint16_t i = 0; i < port->queue_count; i++)
		json_array_append_new(queues, queue_to_json(&port->queues[i]));
	json_object_set_new(object, "queues", queues);
	return object;
}

static void add_cycles(json_t *object, const struct report *report)
{
	if (!report->cycles_recorded || report->cycle_packets == 0)
		return;
	json_object_set_new(object, "busy_cycles", json_integer(report->busy_cycles));
	json_object_set_new(object, "cycles_per_packet",
		json_real((double)report->busy_cycles / report->cycle_packets));
}

json_t *report_to_json(const struct report *report)
{
	json_t *object = json_object();
	json_t *ports = json_array();

	json_object_set_new(object, "duration_s", json_real(report->seconds));
	json_object_set_new(object, "mode", json_string(report->mode));
	if (report->first_packet_ms > 0)
		json_object_set_new(object, "start_to_first_packet_ms",
			json_real(report->first_packet_ms));
	add_cycles(object, report);
	for (uint16_t i = 0; i < report->port_count; i++)
		json_array_append_new(ports, port_to_json(&report->ports[i], report->seconds));
	json_object_set_new(object, "ports", ports);
	return object;
}
