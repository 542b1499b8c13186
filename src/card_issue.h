/*
 * Issuing cards: what becomes of a card that is linked to a customer, and the
 * next cards of a series.
 */
#ifndef CARDGEN_CARD_ISSUE_H
#define CARDGEN_CARD_ISSUE_H

#include "postgres.h"

#include "card.h"
#include "ordinals.h"

/* Why a card can't be issued, whoever is to have it. */
extern Refusal *CheckIssuable(const CardChange *change);

/* The card goes to the change's customer today, with a label. */
extern void MarkIssued(CardChange *change, const StatusLabel *label);

/* The cards of ordinals that were taken for the pending changes, which are in that order. */
extern void MakeNewCards(Configuration *configuration, Series *series, const Ordinals *taken,
						 CardChange **changes);

#endif
