//! Models of which each says in its own way what it speaks or whose it is.

use serde_json::{Value, json};

use crate::world::{RELATIONS, Repo, World};

/// Items of the Hub's API, one a line. Besides, `card` is what the card says of
/// languages, `last_30d` and `all_time` are counters of the first day, `speaks`
/// are the languages of the model, and `entity` is whose it is on that day.
const CASES: &str = r#"
{"id": "user-10/card-first", "card": ["fr", "multilingual", "C++"], "tags": ["en", "fr"], "speaks": ["fr"]}
{"id": "user-10/by-tags", "tags": ["transformers", "en", "fr", "multilingual"], "speaks": ["en", "fr"]}
{"id": "user-10/a-card-of-blanks", "card": [" ", ""], "tags": ["en"]}
{"id": "user-10/a-card-with-blanks", "card": [" ", " Jpn ", "EN"], "tags": ["fr"], "speaks": ["en", "ja"]}
{"id": "user-10/script-and-region", "card": ["zh-CN", "pt_BR", "zh_Hant", "sr-Latn-RS", "es-419", "rm-sursilv", "iw-IL", "de-CH-1996", "fr_latn_fr_1abc_valencia"], "speaks": ["de", "es", "fr", "he", "pt", "rm", "sr", "zh"]}
{"id": "user-10/no-script-and-no-region", "card": ["text-generation", "x-y", "en-", "en-US-", "fr--CA", "de-de-de", "it-latn-it-abcd", "nl-123456789", "ja-12", "ko-x-private", "sv SE", "fi-FI-latn", "e1-US"], "speaks": []}
{"id": "user-10/aliases", "card": ["jw", "IW", "jp", "cn", "zhs", "zht", "in", "ji", "false"], "speaks": ["he", "id", "ja", "jv", "no", "yi", "zh"]}
{"id": "user-10/special-codes", "card": ["und", "mul", "zxx", "mis", "\\no", "code"], "speaks": []}
{"id": "user-10/tags-that-are-aliases", "tags": ["jw", "iw", "zhs", "JP", "pt-br", "zh-tw", "pt-BR", "en-de", "sv-SE", "false"], "speaks": ["he", "jv", "no", "pt", "zh"]}
{"id": "user-10/three-letters-alone", "tags": ["en", "zh", "bge", "eng"], "speaks": ["en", "zh"]}

{"id": "user-10/a-list-of-four", "tags": ["en", "fr", "ceb", "yue", "dgl", "moe", "jax"], "speaks": ["ceb", "dgl", "en", "fr", "yue"]}
{"id": "user-10/a-list-of-three", "tags": ["en", "fr", "ceb", "dgl", "moe", "moe"], "speaks": ["en", "fr"]}
{"id": "user-10/a-list-of-two-that-come-twice", "tags": ["en", "en", "fr", "fr", "ceb"], "speaks": ["en", "fr"]}
{"id": "user-10/a-list-with-other-meanings", "tags": ["de", "en", "fr", "it", "mri", "swe", "bge"], "speaks": ["de", "en", "fr", "it", "mi", "sv"]}
{"id": "user-10/other-meanings-make-no-list", "tags": ["de", "en", "fr", "mri", "swe", "ceb-Latn"], "speaks": ["de", "en", "fr"]}
{"id": "user-10/aliases-in-a-list", "tags": ["iw", "jw", "cn", "en", "zhs", "multilingual"], "speaks": ["en", "he", "jv", "zh"]}
{"id": "user-10/a-list-of-three-letters", "tags": ["hau", "ibo", "yor", "zul", "zhs"], "pipeline_tag": "image-classification", "speaks": ["ha", "ig", "yo", "zh", "zu"]}
{"id": "user-10/a-list-with-a-family", "tags": ["de", "en", "fr", "yi"], "speaks": ["de", "en", "fr", "yi"]}
{"id": "user-10/a-family-makes-no-list-of-three", "tags": ["de", "en", "yi"], "speaks": ["de", "en"]}
{"id": "user-10/long-aliases-make-no-list", "tags": ["en", "pt-br", "zh-tw", "false", "multilingual", "ceb"], "speaks": ["en", "no", "pt", "zh"]}

{"id": "user-11/opus-mt-en-ceb", "tags": ["en", "ceb"], "pipeline_tag": "translation", "speaks": ["ceb", "en"]}
{"id": "user-11/opus-mt-en-bge", "tags": ["en", "bge"], "pipeline_tag": "translation", "speaks": ["en"]}
{"id": "user-11/opus-mt-en-dgl", "tags": ["en", "dgl"], "pipeline_tag": "translation", "speaks": ["en"]}
{"id": "user-11/andaandi-words", "tags": ["dgl"], "speaks": ["dgl"]}
{"id": "user-11/concebir", "tags": ["ceb"], "speaks": []}
{"id": "ceb/model", "tags": ["ceb"], "speaks": []}
{"id": "user-11/Yakut_Speech", "tags": ["sah"], "speaks": ["sah"]}
{"id": "user-11/YUE.2", "tags": ["yue"], "pipeline_tag": "text-generation", "speaks": ["yue"]}
{"id": "user-11/kurdish-of-the-north", "tags": ["kmr"], "speaks": ["kmr"]}
{"id": "user-11/sign-language-model", "tags": ["ase"], "speaks": []}
{"id": "user-11/the-model-of-japan", "tags": ["ain"], "speaks": []}
{"id": "user-11/modern-talk", "tags": ["ell"], "speaks": ["el"]}
{"id": "roberta-zul", "tags": ["zul"], "speaks": ["zu"]}
{"id": "user-11/brain-mri", "tags": ["mri"], "speaks": []}
{"id": "user-11/Swedish-swe", "tags": ["swe"], "speaks": []}
{"id": "user-11/scene-lit", "tags": ["lit"], "pipeline_tag": "Object-Detection", "speaks": []}
{"id": "user-11/lithuanian-scenes", "tags": ["lit"], "pipeline_tag": "object-detection", "speaks": []}
{"id": "user-11/bert-LIT", "tags": ["lit"], "pipeline_tag": "Fill-Mask", "speaks": ["lt"]}
{"id": "user-11/lit-of-a-new-kind", "tags": ["lit"], "pipeline_tag": "a-task-nobody-knows", "speaks": ["lt"]}

{"id": "user-11/Yi-34B", "tags": ["yi", "merge"], "speaks": []}
{"id": "user-11/opus-mt-en-yi", "tags": ["en", "yi"], "pipeline_tag": "translation", "speaks": ["en"]}
{"id": "user-11/Yiddish_Speech", "tags": ["yi"], "speaks": ["yi"]}
{"id": "user-11/yiddish-scenes", "tags": ["yi"], "pipeline_tag": "object-detection", "speaks": []}
{"id": "user-11/a-card-of-a-family", "card": ["yi"], "speaks": ["yi"]}

{"id": "user-12/multilingual-alone", "card": ["Multilingual", "code"], "pipeline_tag": "text-generation", "speaks": []}
{"id": "user-12/mul-alone", "card": ["mul"], "pipeline_tag": "text-generation", "speaks": []}
{"id": "user-12/MUL-alone", "card": ["MUL"], "pipeline_tag": "translation", "speaks": []}
{"id": "user-12/multilingual-by-a-tag", "tags": ["multilingual"], "pipeline_tag": "translation", "speaks": []}
{"id": "user-12/mul-by-a-tag", "tags": ["mul", "Multilingual"], "pipeline_tag": "translation", "speaks": []}
{"id": "user-12/multilingual-beside-another", "card": ["multilingual", "yue"], "pipeline_tag": "translation", "speaks": ["yue"]}
{"id": "user-12/multilingual-images", "card": ["multilingual"], "pipeline_tag": "image-classification", "speaks": []}
{"id": "user-12/code-alone", "card": ["code"], "pipeline_tag": "text-generation", "speaks": []}

{"id": "Verkiki/a", "last_30d": 5, "all_time": 50, "entity": "verkiki"}
{"id": "verkiki/b", "last_30d": 7, "all_time": 7, "entity": "verkiki"}
{"id": "Tie/a", "last_30d": 5, "all_time": 6, "entity": "Tie"}
{"id": "tie/b", "last_30d": 5, "all_time": 7, "entity": "Tie"}
{"id": "Ever/a", "last_30d": null, "all_time": 100, "entity": "ever"}
{"id": "ever/b", "last_30d": null, "all_time": 200, "entity": "ever"}
{"id": "Never/a", "last_30d": null, "all_time": null, "entity": "Never"}
{"id": "never/b", "last_30d": null, "all_time": null, "entity": "Never"}
{"id": "Several/a", "last_30d": 4, "all_time": 4, "entity": "Several"}
{"id": "Several/b", "last_30d": 4, "all_time": 4, "entity": "Several"}
{"id": "several/c", "last_30d": 7, "all_time": 7, "entity": "Several"}
{"id": "SEVERAL/d", "last_30d": 7, "all_time": 9, "entity": "Several"}
{"id": "QWEN/of-all-capitals", "entity": "Alibaba"}
{"id": "Meta/squatted"}
{"id": "meta/squatted-too"}
{"id": "by-an-author", "author": "Somebody", "entity": "Somebody"}
{"id": "by-an-author-too", "author": "user-13", "entity": "user-13"}
{"id": "by-nobody", "entity": "by-nobody"}
{"id": "bert-base-uncased", "author": "user-13", "entity": "Google"}
"#;

fn items() -> impl Iterator<Item = Value> {
    let lines = CASES.lines().filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap())
}

fn text(item: &Value, key: &str) -> String {
    item[key].as_str().unwrap().to_owned()
}

/// Each id, and the languages of the model.
pub(crate) fn languages() -> impl Iterator<Item = (String, Vec<String>)> {
    items().filter_map(|item| {
        let languages = item["speaks"].as_array()?.iter();
        let languages = languages.map(|language| language.as_str().unwrap().to_owned());
        Some((text(&item, "id"), languages.collect()))
    })
}

/// Each id, and whose model it is on the first day.
pub(crate) fn entities() -> impl Iterator<Item = (String, String)> {
    let stated = items().filter(|item| item["entity"].is_string());
    stated.map(|item| (text(&item, "id"), text(&item, "entity")))
}

impl World {
    /// Adds the models with languages and accounts of all kinds.
    pub(crate) fn make_cases(&mut self) {
        for item in items() {
            self.add(item);
        }
    }

    /// Adds a model that is told as an item, with what else is said of it.
    pub(crate) fn add(&mut self, mut item: Value) {
        let mut take = |key: &str| item.as_object_mut().unwrap().remove(key);
        let id = take("id").unwrap().as_str().unwrap().to_owned();
        let base = take("base").map(|base| base.as_str().unwrap().to_owned());
        let relation = take("relation");
        let card = take("card");
        let (last_30d, all_time) = (take("last_30d"), take("all_time"));
        for expected in ["from", "speaks", "entity", "is"] {
            take(expected);
        }
        item["gated"] = json!(false);
        item["private"] = json!(false);
        item["cardData"] = match card {
            Some(languages) => json!({"language": languages}),
            None => json!({}),
        };
        if item["tags"].is_null() {
            item["tags"] = json!([]);
        }
        let number = self.resolved();
        let mut repo = Repo {
            number,
            repo_id: Some(format!("{:024x}", 0xA000 + number)),
            id,
            created: Some("2025-03-04T05:06:07.000Z".to_owned()),
            all_time: None,
            last_30d: None,
            likes: None,
            rest: item,
            parents: base.into_iter().collect(),
            relation: relation.map(|said| {
                let mut relations = RELATIONS.into_iter();
                relations.find(|relation| said == *relation).unwrap()
            }),
        };
        self.count_all(&mut repo);
        if let Some(count) = last_30d {
            repo.last_30d = count.as_i64();
        }
        if let Some(count) = all_time {
            repo.all_time = count.as_i64();
        }
        self.repos.push(repo);
    }
}
