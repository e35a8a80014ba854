SELECT country, continent, eu_from IS NOT NULL AND holds(eu_from, eu_to) AS in_eu FROM facts('countries')
