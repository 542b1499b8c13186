/*
 * What the server acknowledged, and whether that can be.
 */
#include "backend/ledger.h"

#include <string.h>

#include "backend/tally.h"
#include "backend/world.h"

Ledger		ledger = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void
OpenLedger(void)
{
	ledger.known = Grow(NULL, sizeof(int) * MAX_BATCHES);
	for (int i = 0; i < MAX_BATCHES; i++)
		ledger.batches[i].series = -1;
}

void
Append(Records *records, const Record *record)
{
	if (records->count == records->size)
	{
		records->size = records->size * 2 + 64;
		records->items = Grow(records->items, sizeof(Record) * (size_t) records->size);
	}
	records->items[records->count++] = *record;
}

/* Within the mutex. */
static void
AcknowledgeBatch(const Record *record)
{
	Batch	   *batch = &ledger.batches[record->batch];

	if (batch->series < 0)
	{
		batch->series = record->series;
		batch->count = (int) record->count;
		batch->is_kept = record->is_kept;
		ledger.known[ledger.known_count++] = record->batch;
	}
	else if (batch->series != record->series || batch->count != record->count)
		Wrong("batch %d was returned with other properties", record->batch);
	else
		ledger.repeated++;
}

static void
AcknowledgeList(const Record *record)
{
	Batch	   *batch = &ledger.batches[record->batch];

	if (batch->numbers == NULL)
		batch->numbers = record->text;
	else if (strcmp(batch->numbers, record->text) != 0)
		Wrong("batch %d was downloaded with other numbers than before", record->batch);
}

/* A hot series would crowd out the cards of all others. */
static void
AcknowledgeIssue(const Record *record)
{
	if (record->kind == ISSUE && record->series == HOT)
		return;
	if (ledger.card_count == ledger.card_size)
	{
		ledger.card_size = ledger.card_size * 2 + 64;
		ledger.cards = Grow(ledger.cards, sizeof(Card) * (size_t) ledger.card_size);
	}
	ledger.cards[ledger.card_count++] = (Card) {record->text, record->customer};
}

static void
AcknowledgeStock(const Record *record)
{
	if (ledger.imported_count == ledger.imported_size)
	{
		ledger.imported_size = ledger.imported_size * 2 + 64;
		ledger.imported = Grow(ledger.imported, sizeof(char *) * (size_t) ledger.imported_size);
	}
	ledger.imported[ledger.imported_count++] = record->text;
}

void
EnterRecords(const Records *records)
{
	pthread_mutex_lock(&ledger.mutex);
	for (long i = 0; i < records->count; i++)
	{
		const Record *record = &records->items[i];

		Append(&ledger.records, record);
		switch (record->kind)
		{
			case BATCH:
				AcknowledgeBatch(record);
				break;
			case LIST:
				AcknowledgeList(record);
				break;
			case ISSUE:
				AcknowledgeIssue(record);
				break;
			case IMPORT:
				if (record->customer == NO_CUSTOMER)
					AcknowledgeStock(record);
				else
					AcknowledgeIssue(record);
				break;
			case REMOVAL:
				if (ledger.batches[record->batch].is_removed)
					Wrong("batch %d was removed twice", record->batch);
				ledger.batches[record->batch].is_removed = true;
				break;
			case RETENTION:
				ledger.batches[record->batch].is_retained = true;
				break;
			default:
				break;
		}
	}
	pthread_mutex_unlock(&ledger.mutex);
}
