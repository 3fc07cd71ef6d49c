/* SPDX-License-Identifier: BSD-3-Clause */
/* The report is harmless and complete, with any names of drivers, interfaces and mounts. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

static struct entry entry;
static struct hints hints;
static const struct inventory inventory = {.entries = &entry, .count = 1};
static const struct report facts = {.inventory = &inventory, .hints = &hints};

static void prepare(const char *text)
{
	entry = (struct entry){.function = {.address = "0000:00:05.0", .type = 1},
		.uses.count = 1,
		.obstacle_count = 1};
	snprintf(entry.function.driver, sizeof(entry.function.driver), "%s", text);
	snprintf(entry.uses.text[0], sizeof(entry.uses.text[0]), "%s", text);
	snprintf(entry.obstacles[0].text, sizeof(entry.obstacles[0].text), "%s", text);
	hints.count = 1;
	snprintf(hints.list[0].text, sizeof(hints.list[0].text), "%s", text);
}

static void expect_text(const json_t *json, const char *expected)
{
	cr_assert(json_is_string(json), "%s is missing", expected);
	cr_expect_str_eq(json_string_value(json), expected);
}

static const struct {
	const char *text;
	const char *shown;
} rows[] = {
	{"vfio-pci", "vfio-pci"},
	{"\033[2Jvfio", "\\x1b[2Jvfio"},
	{"\xff\xc3\xa9\n\x9b", "\\xff\xc3\xa9\\x0a\\x9b"},
};

Test(report, any_text_is_in_the_object)
{
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *object, *function;

		prepare(rows[i].text);
		object = report_to_json(&facts);
		cr_assert_neq(object, NULL);
		function = json_array_get(json_object_get(object, "functions"), 0);
		cr_assert_neq(function, NULL);
		expect_text(json_object_get(function, "driver"), rows[i].shown);
		expect_text(json_array_get(json_object_get(function, "in_use"), 0), rows[i].shown);
		expect_text(json_array_get(json_object_get(function, "obstacles"), 0),
			rows[i].shown);
		expect_text(json_object_get(json_array_get(json_object_get(object, "missing"), 0),
				    "text"),
			rows[i].shown);
		json_decref(object);
	}
}

Test(report, no_text_controls_a_terminal, .init = cr_redirect_stdout)
{
	char printed[4096] = "";
	FILE *output;

	prepare(rows[1].text);
	report_table(&inventory, NULL);
	report_hints(&hints);
	fflush(stdout);
	output = cr_get_redirected_stdout();
	cr_assert_gt(fread(printed, 1, sizeof(printed) - 1, output), 0);
	cr_expect_eq(strchr(printed, '\033'), NULL, "%s", printed);
	cr_expect_neq(strstr(printed, rows[1].shown), NULL, "%s", printed);
}

/* A comma is a character like others in the name of an interface. */
Test(report, names_with_commas)
{
	struct node list[] = {{.name = "eth0,lan", .subsystem = "net"},
		{.name = "virtio3", .subsystem = "virtio"}, {.name = "eth1", .subsystem = "net"}};
	json_t *object, *names;

	prepare("");
	entry.nodes = (struct nodes){.list = list, .count = 3};
	object = report_to_json(&facts);
	names = json_object_get(json_array_get(json_object_get(object, "functions"), 0), "names");
	cr_expect_eq(json_array_size(names), 2);
	expect_text(json_array_get(names, 0), "eth0,lan");
	expect_text(json_array_get(names, 1), "eth1");
	json_decref(object);
}

Test(report, no_change_controls_a_terminal, .init = cr_redirect_stdout)
{
	static const enum outcome outcomes[] = {CHANGE_PLANNED, CHANGE_NEEDLESS, CHANGE_DONE,
		CHANGE_NOT_ATTEMPTED};
	struct change list[4];
	const struct changes changes = {.list = list, .count = 4};
	char printed[4096] = "";
	FILE *output;

	for (int i = 0; i < 4; i++) {
		list[i] = (struct change){.address = "0000:00:05.0", .outcome = outcomes[i]};
		snprintf(list[i].from, sizeof(list[i].from), "%s", rows[1].text);
		snprintf(list[i].to, sizeof(list[i].to), "%s", rows[1].text);
	}
	report_changes(&changes);
	fflush(stdout);
	output = cr_get_redirected_stdout();
	cr_assert_gt(fread(printed, 1, sizeof(printed) - 1, output), 0);
	cr_expect_eq(strchr(printed, '\033'), NULL, "%s", printed);
	cr_expect_neq(strstr(printed, "not attempted: from \\x1b[2Jvfio to \\x1b[2Jvfio"), NULL,
		"%s", printed);
}
