-- What stands for one language: codes, and what is written for them. Aliases have no name of their own.
SELECT code, language, name, macrolanguage FROM facts('languages')
UNION ALL SELECT value, language, NULL, NULL FROM facts('language_aliases')
