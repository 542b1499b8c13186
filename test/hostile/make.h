/*
 * Values for an argument: right ones, which are called polite, and hostile
 * ones.
 */
#ifndef HOSTILE_MAKE_H
#define HOSTILE_MAKE_H

#include "hostile/value.h"
#include "hostile/world.h"

extern Value MakeValue(const Argument *argument, bool is_polite);
extern Value MakeElement(const Argument *argument, bool is_polite);
extern Value MakeArray(const Argument *argument, bool is_polite);
extern Value MakeText(const Argument *argument, bool is_polite);
extern Value MakeInteger(const Argument *argument, bool is_polite);
extern Value MakeInterval(void);

extern bool IsNamed(const Argument *argument, const char *name);
extern Value MakeHostileText(void);
extern Value Spoil(const char *text);

#endif
