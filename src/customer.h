/*
 * Customers: who holds which cards, within which limits.
 *
 * A customer is a text of the backend's own. What cards one holds is only
 * changed by who has locked the customer, so that limits hold. Customers are
 * locked ahead of cards, by everyone, and always in the same order.
 */
#ifndef CARDGEN_CUSTOMER_H
#define CARDGEN_CUSTOMER_H

#include "postgres.h"

#include "card.h"

/* All within OpenQueries(). */

/*
 * Locks those to whom the pending cards go, and where holders says so those
 * who hold them. What the latter hold stays theirs until the transaction ends.
 */
extern void LockCustomers(CardChanges *changes, bool holders);

/*
 * Many customers share a lock, so that a transaction that issues to thousands
 * can't fill the lock table.
 */
#define CUSTOMER_LOCKS 1024

/* The same for customers of whom no CardChanges tell: once all are marked, they are locked. */
typedef struct CustomerLocks
{
	bool		are_wanted[CUSTOMER_LOCKS];
} CustomerLocks;

extern void MarkCustomer(CustomerLocks *locks, const char *customer_id);
extern void LockMarkedCustomers(const CustomerLocks *locks);

/*
 * The status of a card for a change that needs its holder locked. A card that
 * has come to a customer since the locks counts as it was before: to lock this
 * one as well, behind the cards, would be out of order.
 */
extern CardStatus StatusWhenLocked(const CardChange *change);

/* The cards that count, of the customers of pending changes. */
typedef struct Tally Tally;

extern Tally *CountCards(const CardChanges *changes);

extern bool Counts(CardStatus status);

/* Why a card is none that a customer holds now. */
extern Refusal *CheckIsHeld(const CardChange *change);

/* Why a customer can't hold another card of a series. */
extern Refusal *CheckSeriesLimit(Tally *tally, const Series *series, const char *customer_id);

/* The same, or another card at all; adds it where nothing is in the way. */
extern Refusal *CheckLimits(Tally *tally, const Series *series, const char *customer_id);

/* The same of the customer whom a change is to make hold a card of its series. */
extern Refusal *CheckLimitsOf(Tally *tally, CardChange *change, const char *customer_id);

#endif
