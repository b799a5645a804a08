/* What electricity costs, in the currency that the reader states a price in. */
#ifndef POCKETMARK_REPORTS_PAGE_PRICE_H
#define POCKETMARK_REPORTS_PAGE_PRICE_H

#define JOULES_PER_KWH 3.6e6

/* Of a million tokens. NaN where either is unknown. */
static inline double price_of_million_tokens(double joules_per_token, double price_per_kwh)
{
    return 1e6 * joules_per_token / JOULES_PER_KWH * price_per_kwh;
}

/* Energy of a token at which electricity alone costs as much as a million tokens elsewhere. */
static inline double price_even_joules_per_token(double price_per_million, double price_per_kwh)
{
    return price_per_million / price_per_kwh * JOULES_PER_KWH / 1e6;
}

#endif
