//! Folding of text for search: people type without looking at the layout of the keyboard.

/// Lower case, `ё` as `е`, Kazakh letters as the Russian ones that stand in for them.
pub(crate) fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(letter).collect()
}

fn letter(letter: char) -> char {
    match letter {
        'ё' => 'е',
        'ә' => 'а',
        'ғ' => 'г',
        'қ' => 'к',
        'ң' => 'н',
        'ө' => 'о',
        'ұ' | 'ү' => 'у',
        'һ' => 'х',
        'і' => 'и',
        other => other,
    }
}

/// The words of a query, folded.
pub(crate) fn words(query: &str) -> Vec<String> {
    fold(query)
        .split(|letter: char| {
            letter.is_whitespace() || matches!(letter, ',' | ';' | '"' | '«' | '»')
        })
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How well `text` (folded) answers all `words`: the number of words that stand at the start of a
/// word of it; `None` when one is not there at all.
pub(crate) fn score(text: &str, words: &[String]) -> Option<usize> {
    words.iter().map(|word| occurrence(text, word)).sum()
}

fn occurrence(text: &str, word: &str) -> Option<usize> {
    let mut found = None;
    for (at, _) in text.match_indices(word) {
        let starts = !text[..at].chars().next_back().is_some_and(char::is_alphanumeric);
        if starts {
            return Some(1);
        }
        found = Some(0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N1.1
    #[test]
    fn kazakh_words_are_found_with_a_russian_keyboard() {
        assert_eq!(fold("Әкімшілік ҚҰЖАТ Өңір Гүл Ёлка"), "акимшилик кужат онир гул елка");
        assert!(score(&fold("Мұрағат басқармасы"), &words("мурагат БАСКАРМА")).is_some());
        assert!(score(&fold("Архив"), &words("архив отдел")).is_none());
    }

    #[test]
    fn the_start_of_a_word_counts_more_than_its_middle() {
        assert_eq!(score("школа высшая", &words("выс")), Some(1));
        assert_eq!(score("школа невысокая", &words("выс")), Some(0));
    }
}
