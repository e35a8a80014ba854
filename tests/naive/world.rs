//! A small made-up Hub with everything that is nasty about the real one,
//! told day by day.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::dates;
use crate::reference;

/// Numbers at and beside the limits of the size classes.
const SIZES: [i64; 20] = [
    1,
    4_999_999,
    5_000_000,
    24_999_999,
    25_000_000,
    50_000_000,
    99_999_999,
    100_000_000,
    199_999_999,
    200_000_000,
    499_999_999,
    500_000_000,
    999_999_999,
    1_000_000_000,
    2_999_999_999,
    3_000_000_000,
    7_499_999_999,
    7_500_000_000,
    70_553_706_496,
    671_026_419_200,
];
const TASKS: [&str; 16] = [
    "text-generation",
    "text-generation",
    "fill-mask",
    "Fill-Mask",
    "sentence-similarity",
    "feature-extraction",
    "text2text-generation",
    "translation",
    "image-classification",
    "text-to-image",
    "automatic-speech-recognition",
    "reinforcement-learning",
    "time-series-forecasting",
    "conversational",
    "a-task-nobody-knows",
    "token-classification",
];
const LIBRARIES: [&str; 6] = [
    "transformers",
    "Transformers",
    "diffusers",
    "peft",
    "gguf",
    "our-own",
];
const TAGS: [&str; 16] = [
    "pytorch",
    "tf",
    "jax",
    "onnx",
    "safetensors",
    "gguf",
    "mlx",
    "llama",
    "qwen2",
    "mistral",
    "endpoints_compatible",
    "4-bit",
    "moe",
    "bert",
    "8-bit",
    "fp8",
];
/// What cards say of languages.
const LANGUAGES: [&str; 26] = [
    "en",
    "en",
    "eng",
    "EN",
    "fr",
    "de",
    "zh",
    "zh-CN",
    "zh_Hant",
    "pt_BR",
    "sr-Latn-RS",
    "es-419",
    "de-CH-1996",
    "iw",
    "jp",
    "false",
    "multilingual",
    "multilingual",
    "Multilingual",
    "mul",
    "und",
    "yue",
    "mri",
    "text-generation",
    " Jpn ",
    "code",
];
/// What tags do, and other tags of three letters.
const SPOKEN_TAGS: [&str; 32] = [
    "en",
    "en",
    "fr",
    "de",
    "zh",
    "iw",
    "no",
    "it",
    "eng",
    "yue",
    "ceb",
    "zul",
    "hau",
    "sah",
    "lit",
    "ell",
    "mri",
    "swe",
    "cat",
    "bge",
    "dgl",
    "zhs",
    "pt-br",
    "false",
    "EN",
    "sv-SE",
    "en-de",
    "multilingual",
    "multilingual",
    "mul",
    "und",
    "code",
];
/// Words of names, of which some are of languages.
const SPOKEN_NAMES: [&str; 8] = [
    "en-ceb", "yue", "Yakut", "zulu", "cat_mri", "lit", "greek", "dgl",
];
const LICENSES: [&str; 7] = [
    "apache-2.0",
    "mit",
    "llama3.1",
    "other",
    "Our Own",
    "unknown",
    "cc-by-nc-4.0",
];
/// How a model is made from others.
pub(crate) const RELATIONS: [&str; 4] = ["finetune", "adapter", "quantized", "merge"];
/// Base models that no snapshot here has.
const MISSING: [&str; 10] = [
    "google/gone-1",
    "QWEN/gone-2",
    "SEVERAL/gone-3",
    "zED/gone-4",
    "meta/gone-5",
    "jane/private",
    "Meta/by-a-user",
    "gpt2",
    "C:\\Models\\x",
    "./checkpoints/final",
];

/// Numbers that look like chance and are always the same.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next()).unwrap() % limit
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A repository as it stands on a day.
#[derive(Clone)]
pub(crate) struct Repo {
    pub(crate) number: usize,
    pub(crate) repo_id: Option<String>,
    pub(crate) id: String,
    pub(crate) created: Option<String>,
    pub(crate) all_time: Option<i64>,
    pub(crate) last_30d: Option<i64>,
    pub(crate) likes: Option<i64>,
    /// What does not change from day to day, in the form of the API.
    pub(crate) rest: Value,
    pub(crate) parents: Vec<String>,
    pub(crate) relation: Option<&'static str>,
}

/// The Hub on one day.
pub(crate) struct World {
    chance: Chance,
    day: i32,
    accounts: Vec<String>,
    pub(crate) repos: Vec<Repo>,
    pub(crate) removed: Vec<Repo>,
    made: usize,
}

impl World {
    pub(crate) fn new(seed: u64, models: usize, date: &str) -> Self {
        let listed = reference::get().listed_accounts();
        let mut accounts: Vec<String> = listed.iter().step_by(6).cloned().collect();
        for account in [
            "google",
            "google-bert",
            "facebook",
            "Qwen",
            "meta-llama",
            "openai-community",
            "albert",
        ] {
            accounts.push(account.to_owned());
        }
        // Spellings that differ in case, and the name of a listed entity.
        for account in ["qwen", "Zed", "zed", "ZED", "Meta", "meta", "a", "B"] {
            accounts.push(account.to_owned());
        }
        accounts.extend((0..40).map(|number| format!("user-{number:02}")));
        let mut world = Self {
            chance: Chance::new(seed),
            day: dates::parse(date),
            accounts,
            repos: Vec::new(),
            removed: Vec::new(),
            made: 0,
        };
        for _ in 0..models {
            world.make(false);
        }
        world.tie_knots();
        world.make_doubtful();
        world.make_cases();
        world.make_kin();
        world
    }

    /// Rings, a model that names itself, and ids that differ in case alone.
    fn tie_knots(&mut self) {
        let ids: Vec<String> = self.repos.iter().map(|repo| repo.id.clone()).collect();
        let mut name = |child: usize, parents: &[usize]| {
            let repo = &mut self.repos[child];
            repo.parents = parents.iter().map(|parent| ids[*parent].clone()).collect();
            repo.relation = Some(if parents.len() > 1 {
                "merge"
            } else {
                "finetune"
            });
        };
        name(1, &[2]);
        name(2, &[1]);
        name(3, &[4]);
        name(4, &[5]);
        name(5, &[3, 1]);
        name(6, &[6]);
        name(7, &[6, 8, 9]);
        name(8, &[9]);
        let mut other = self.repos[9].clone();
        other.id = other.id.to_uppercase();
        other.number = self.made;
        other.repo_id = Some(format!("{:024x}", 0xA000 + self.made));
        self.made += 1;
        self.repos.push(other);
    }

    fn make(&mut self, today: bool) {
        let number = self.made;
        self.made += 1;
        let account = self.chance.below(self.accounts.len());
        let account = self.accounts[self.chance.below(account + 1)].clone();
        let size = SIZES[self.chance.below(SIZES.len())];
        let mut name = format!("model-{number}");
        let mut rest = json!({"gated": false, "private": false});
        match self.chance.below(8) {
            0..=2 => {
                let small = size.min(3);
                rest["safetensors"] =
                    json!({"parameters": {"F32": size - small, "I64": small}, "total": size});
            }
            3 => rest["safetensors"] = json!({"parameters": {"BF16": size}, "total": size / 2}),
            4 => {
                rest["safetensors"] =
                    json!({"parameters": {"I32": size, "F16": size / 9}, "total": size})
            }
            5 => rest["gguf"] = json!({"total": size, "architecture": "llama"}),
            6 => write!(
                name,
                "-{}B",
                self.chance.one(&["0.5", "1", "3", "7", "7.5", "70"])
            )
            .unwrap(),
            _ => {}
        }
        // Bytes for each parameter: in most repositories a few, in some too many or too few.
        if self.chance.percent(60) {
            let few = [2, 2, 4, 4, 8, 16][self.chance.below(6)];
            let bytes = match self.chance.below(10) {
                0 => size / 20,
                1 => size * 60,
                2 => size * 200,
                _ => size * few,
            };
            rest["usedStorage"] = json!(bytes);
        }
        if self.chance.percent(15) {
            let said = ["AWQ", "4bit", "GPTQ-Int4", "fp8", "GGUF", "MoE", "8bit"];
            write!(name, "-{}", self.chance.one(&said)).unwrap();
        }
        if self.chance.percent(15) {
            write!(name, "-{}", self.chance.one(&SPOKEN_NAMES)).unwrap();
        }
        let ownerless = self.chance.percent(2);
        let id = if ownerless {
            name
        } else {
            format!("{account}/{name}")
        };
        if self.chance.percent(85) {
            rest["pipeline_tag"] = json!(self.chance.one(&TASKS));
        }
        if self.chance.percent(80) {
            rest["library_name"] = json!(self.chance.one(&LIBRARIES));
        }
        let mut tags: Vec<String> = Vec::new();
        for _ in 0..self.chance.below(6) {
            tags.push(self.chance.one(&TAGS).to_owned());
        }
        let mut card = json!({});
        match self.chance.below(4) {
            0 => {}
            1 => {
                let count = [1, 1, 2, 3, 6, 9][self.chance.below(6)];
                tags.extend((0..count).map(|_| self.chance.one(&SPOKEN_TAGS).to_owned()));
            }
            _ => {
                let count = 1 + self.chance.below(3);
                let languages: Vec<&str> =
                    (0..count).map(|_| self.chance.one(&LANGUAGES)).collect();
                card["language"] = json!(languages);
            }
        }
        let license = self.chance.one(&LICENSES);
        if self.chance.percent(60) {
            tags.push(format!("license:{license}"));
        }
        if self.chance.percent(50) {
            card["license"] = json!(license);
        }
        if self.chance.percent(40) {
            let score = self.chance.below(7);
            rest["trendingScore"] = if score == 6 { json!(2.5) } else { json!(score) };
        }
        rest["tags"] = json!(tags);
        rest["cardData"] = card;
        let mut repo = Repo {
            number,
            repo_id: (!self.chance.percent(2)).then(|| format!("{:024x}", 0xA000 + number)),
            id,
            created: self.creation(today),
            all_time: None,
            last_30d: None,
            likes: None,
            rest,
            parents: Vec::new(),
            relation: None,
        };
        self.count_all(&mut repo);
        self.choose_parents(&mut repo);
        self.repos.push(repo);
    }

    /// The number of the next model whose base models the Hub has resolved.
    pub(crate) fn resolved(&mut self) -> usize {
        let number = self.made.next_multiple_of(3);
        self.made = number + 1;
        number
    }

    /// Downloads and likes.
    pub(crate) fn count_all(&mut self, repo: &mut Repo) {
        repo.all_time = self.count();
        repo.last_30d = match repo.all_time {
            Some(all) if self.chance.percent(90) => Some(all / (1 + self.likely_small())),
            _ => self.count(),
        };
        repo.likes = match self.chance.below(10) {
            0 => None,
            1..=4 => Some(0),
            _ => Some(self.likely_small() * 3),
        };
    }

    fn choose_parents(&mut self, repo: &mut Repo) {
        if self.repos.is_empty() || self.chance.percent(45) {
            return;
        }
        let count = [1, 1, 1, 1, 2, 3][self.chance.below(6)];
        for _ in 0..count {
            let parent = if self.chance.percent(15) {
                self.chance.one(&MISSING).to_owned()
            } else {
                let near = self.chance.below(self.repos.len());
                self.repos[self.chance.below(near + 1)].id.clone()
            };
            if !repo.parents.contains(&parent) {
                repo.parents.push(parent);
            }
        }
        if self.chance.percent(85) {
            repo.relation = Some(RELATIONS[self.chance.below(4)]);
        }
    }

    /// An identity that no repository has had on any day, of one kind.
    fn identity(&self, kind: usize, number: usize) -> String {
        format!("{:024x}", (kind << 24) + (self.made << 12) + number)
    }

    /// Downloads: none, few that many others have too, or up to many millions.
    fn count(&mut self) -> Option<i64> {
        match self.chance.below(10) {
            0 => None,
            1 | 2 => Some(0),
            3 => Some([1, 2, 199, 200, 201][self.chance.below(5)]),
            4 => Some([1000, 5000][self.chance.below(2)]),
            _ => {
                let magnitude = u32::try_from(self.chance.below(8)).unwrap();
                let digits = i64::try_from(1 + self.chance.below(9)).unwrap();
                Some(digits * 10_i64.pow(magnitude) + self.likely_small())
            }
        }
    }

    fn likely_small(&mut self) -> i64 {
        let most = 1 + self.chance.below(40);
        i64::try_from(self.chance.below(most)).unwrap()
    }

    fn creation(&mut self, today: bool) -> Option<String> {
        let year_ago = self.day - 365;
        let floor = dates::day(2022, 3, 2);
        let at = |day: i32, time: &str| Some(format!("{}T{time}Z", dates::text(day)));
        if today {
            return at(self.day, "00:00:00.000");
        }
        match self.chance.below(20) {
            0 => None,
            1..=3 => at(floor, "23:29:04.000"),
            4 => at(year_ago, "23:59:59.999"),
            5 => at(year_ago + 1, "00:00:00.000"),
            6 => at(self.day - 1, "12:00:00.250"),
            7..=9 => {
                let ago = i32::try_from(self.chance.below(360)).unwrap();
                at(self.day - 2 - ago, "06:30:00.000")
            }
            _ => {
                let span = usize::try_from(self.day - floor).unwrap();
                let after = i32::try_from(self.chance.below(span)).unwrap();
                at(floor + after, "18:45:10.000")
            }
        }
    }

    /// Lets time pass: most counters rise, some fall; models go, come, come
    /// back, get another id, and are made again under their old one.
    pub(crate) fn pass(&mut self, date: &str) {
        self.day = dates::parse(date);
        let back = self.removed.len() / 2;
        let mut repos: Vec<Repo> = std::mem::take(&mut self.repos);
        let mut gone: Vec<Repo> = Vec::new();
        let mut kept: Vec<Repo> = self.removed.drain(..back).collect();
        for mut repo in repos.drain(..) {
            match self.chance.below(100) {
                0..=4 => {
                    gone.push(repo);
                    continue;
                }
                5..=8 => {
                    repo.id = format!("{}-renamed-{}", repo.id, self.day % 100);
                }
                9..=11 => {
                    repo.repo_id = Some(self.identity(0xF, repo.number));
                    repo.created = self.creation(true);
                    repo.all_time = Some(3);
                    repo.last_30d = Some(3);
                }
                12 => repo.repo_id = Some(self.identity(0xE, repo.number)),
                13..=15 => repo.all_time = repo.all_time.map(|count| count - count / 10),
                16 => repo.all_time = None,
                17 | 18 => repo.last_30d = None,
                19 => repo.last_30d = Some(repo.last_30d.unwrap_or(7)),
                20..=60 => {
                    let more = self.likely_small();
                    repo.all_time = repo.all_time.map(|count| count + count / 50 + more);
                    repo.last_30d = repo.last_30d.map(|count| count / 2 + more);
                }
                61..=75 => repo.last_30d = repo.last_30d.map(|count| count * 2),
                76..=80 => repo.likes = Some(repo.likes.unwrap_or(0) + self.likely_small()),
                _ => {}
            }
            kept.push(repo);
        }
        self.repos = kept;
        self.removed.extend(gone);
        for number in 0..self.repos.len() / 20 {
            self.make(number % 3 != 0);
        }
    }
}
