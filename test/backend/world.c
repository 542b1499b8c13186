/*
 * What is played in. The series are few and small, so that connections meet.
 */
#include "backend/world.h"

#include <stdatomic.h>
#include <string.h>

const Series all_series[SERIES_COUNT] = {
	[GOLD] = {"GOLD", "length => 12, prefix => '9000', check_digit => 'luhn'", "", 1},
	[CLUB] = {"CLUB", "length => 8, prefix => 'CLUB', method => 'sequential', card_expiry_days => 30", "55000", 2},
	[SHORT] = {"SHORT", "length => 10, prefix => 'S', alphabet => '23456789CFGHJMPQRVWX',"
	" batch_retention => '300 ms'", "", 2},
	[LAST] = {"LAST", "length => 6, prefix => 'L', method => 'sequential', card_offset => 985000", "2200H", 1},
	[TINY] = {"TINY", "length => 5, prefix => 'T', check_digit => 'mod7'", "2200H", 2},
	[LONG] = {"LONG", "length => 60, prefix => 'X', suffix => '7'", "", 3},
	[HOT] = {"HOT", "length => 9, prefix => 'H'", "", 1},
	[SHELF] = {"SHELF", "length => 11, prefix => 'P', card_type => 'physical', batch_retention => '200 ms'", "", 2},
	[OLD] = {"OLD", "length => NULL, method => 'imported'", "55000", 2}
};

const char *const labels[LABEL_COUNT] = {
	[NOT_ISSUED] = "NOT_ISSUED", [PRINTED] = "Printed", [SENT] = "Sent to the shop",
	[ISSUED] = "ISSUED", [ACTIVE] = "ACTIVE", [LIVE] = "Live", [SUSPENDED] = "SUSPENDED", [LOST] = "Lost",
	[EXPIRED] = "EXPIRED", [DELETED] = "DELETED"
};

int			customer_count;
bool		counts_only_active;

PGconn *
ConnectToWorld(void)
{
	char		options[200];

	snprintf(options, sizeof(options),
			 "-c cardgen.max_active_cards_per_customer=%d -c cardgen.count_only_active=%s"
			 " -c deadlock_timeout=50ms -c client_min_messages=warning",
			 CUSTOMER_LIMIT, counts_only_active ? "on" : "off");
	return Connect(options);
}

void
CreateWorld(PGconn *connection)
{
	char		sql[500];

	Do(connection, "CREATE EXTENSION cardgen");
	for (int i = 0; i < SERIES_COUNT; i++)
	{
		snprintf(sql, sizeof(sql), "SELECT cardgen.create_series('%s', 'Series %d', max_active_cards => %d, %s)",
				 all_series[i].code, i, all_series[i].max_active_cards, all_series[i].arguments);
		Do(connection, sql);
	}
	Do(connection,
	   "SELECT cardgen.create_status_label('Printed', 'not_issued', true),"
	   " cardgen.create_status_label('Sent to the shop', 'not_issued'),"
	   " cardgen.create_status_label('Live', 'active'),"
	   " cardgen.create_status_label('Lost', 'suspended')");
}

void
NameCustomer(char *name, int customer)
{
	snprintf(name, CUSTOMER_SIZE, "c-%d O'Br\303\255en", customer);
}

int
ReadCustomer(const char *name)
{
	return atoi(name + strlen("c-"));
}

bool
IsSettled(int customer)
{
	return customer < customer_count / 2 || customer >= customer_count;
}

int
NextWalkIn(void)
{
	static atomic_int walk_ins;

	return customer_count + atomic_fetch_add(&walk_ins, 1);
}

int
FindLabel(const char *label)
{
	for (int i = 0; i < LABEL_COUNT; i++)
		if (strcmp(labels[i], label) == 0)
			return i;
	return -1;
}

int
FindSeries(const char *code)
{
	for (int i = 0; i < SERIES_COUNT; i++)
		if (strcmp(all_series[i].code, code) == 0)
			return i;
	return -1;
}
