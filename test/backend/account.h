/*
 * What the server acknowledged, put beside what it has: temporary tables of
 * the connection for the checks.
 *
 *	told_batch	(batch_id, series_code, card_count, is_removed, is_retained)
 *	told_number	(batch_id, number), one each time it was handed out or imported
 *	told_event	(tick, kind, number, label, customer_id, reason, new_of_series,
 *				replaces): the label after it, the customer where it may have changed
 *	told_merger	(tick, customer_id): who had no card any more
 *	gone		the batches of told_batch that are not there any more
 *	history		told_event and (status, holder, from_label, from_status,
 *				from_holder, until_tick): the card after it, ahead of it, and its end
 */
#ifndef BACKEND_ACCOUNT_H
#define BACKEND_ACCOUNT_H

#include <libpq-fe.h>

extern void TellDatabase(PGconn *connection);

#endif
