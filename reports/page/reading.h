/* How fast people read, to set the speed of writing against. */
#ifndef POCKETMARK_REPORTS_PAGE_READING_H
#define POCKETMARK_REPORTS_PAGE_READING_H

/* Silent reading of English non-fiction by adults: the mean over 190 studies. Brysbaert 2019, "How many words do we read per
 * minute?", Journal of Memory and Language 109, doi 10.1016/j.jml.2019.104047. */
#define READING_WORDS_PER_MINUTE 238.0

/* English prose: makers of tokenizers tell three words to four tokens. */
#define READING_WORDS_PER_TOKEN 0.75

/* About 5.3. */
#define READING_TOKENS_PER_SECOND (READING_WORDS_PER_MINUTE / 60 / READING_WORDS_PER_TOKEN)

#endif
