SELECT code, language, name FROM facts('languages')
