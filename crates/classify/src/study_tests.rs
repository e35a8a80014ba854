use super::*;
use crate::toy::example;

/// Models of three tasks told by library and size, every sixth without a task.
fn toy(models: usize) -> Vec<Example> {
    (0..models)
        .map(|i| {
            let (task, library, size) = [
                ("fill-mask", "transformers", 8.0),
                ("text-to-image", "diffusers", 9.0),
                ("robotics", "lerobot", 8.5),
            ][i % 3];
            let tokens = vec![
                format!("library={library}"),
                format!("tag={task}"),
                format!("account=a{}", i % 11),
            ];
            let size = if i % 13 == 0 { f64::NAN } else { size };
            example(
                i,
                (i % 6 != 5).then_some(task),
                tokens,
                vec![size, i as f64],
            )
        })
        .collect()
}

fn options() -> Options {
    Options {
        min_models_per_task: 5,
        ..Options::default()
    }
}

fn leaks() -> Leaks {
    Leaks::new(["fill-mask", "text-to-image", "robotics"])
}

#[test]
fn every_classifier_is_scored_and_the_best_guesses() {
    let examples = toy(300);
    let study = study(&examples, &leaks(), &options()).unwrap();
    let mut names: Vec<&str> = study
        .scores
        .iter()
        .map(|score| score.classifier.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "extra trees",
            "gradient boosting",
            "logistic regression",
            "majority baseline",
            "naive Bayes",
            "random forest",
            "ridge classifier"
        ]
    );
    for score in &study.scores {
        assert_eq!(score.tasks, 3);
        assert_eq!(score.train_models + score.test_models, 250);
        if score.classifier != "majority baseline" {
            assert!(score.accuracy > 0.99 && score.macro_f1 > 0.99, "{score:?}");
        }
    }
    assert_eq!(study.best, study.scores[0].classifier);
    assert_eq!(study.predictions.len(), 50);
    assert!(study.predictions.is_sorted_by(|a, b| a.id < b.id));
    assert!(
        study
            .predictions
            .iter()
            .all(|guess| guess.task == "robotics" && guess.confidence > 0.3)
    );
}

#[test]
fn the_baseline_is_the_share_of_the_most_common_task() {
    let examples: Vec<Example> = (0..400)
        .map(|i| {
            example(
                i,
                Some(if i % 4 == 0 { "rare" } else { "common" }),
                vec![format!("tag={}", i % 2)],
                vec![],
            )
        })
        .collect();
    let study = study(&examples, &Leaks::default(), &options()).unwrap();
    let baseline = study
        .scores
        .iter()
        .find(|score| score.classifier == "majority baseline")
        .unwrap();
    let held: Vec<usize> = (0..400)
        .filter(|i| held_out(&format!("account/model-{i}"), 0, 0.2))
        .collect();
    let share = held.iter().filter(|i| *i % 4 != 0).count() as f64 / held.len() as f64;
    assert!((baseline.accuracy - share).abs() < 1e-12);
    assert!((baseline.macro_recall - 0.5).abs() < 1e-12);
    assert!((baseline.macro_precision - share / 2.0).abs() < 1e-12);
    assert!((baseline.macro_f1 - share / (1.0 + share)).abs() < 1e-12);
}

#[test]
fn order_and_threads_do_not_matter() {
    let examples = toy(240);
    let mut turned = examples.clone();
    turned.reverse();
    let once = study(&examples, &leaks(), &options()).unwrap();
    assert_eq!(once, study(&turned, &leaks(), &options()).unwrap());
    let single = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    assert_eq!(
        once,
        single
            .install(|| study(&examples, &leaks(), &options()))
            .unwrap()
    );
}

#[test]
fn a_task_named_in_a_token_is_of_no_use() {
    let examples: Vec<Example> = (0..300)
        .map(|i| {
            let task = if (i * 7919) % 5 < 2 { "ner" } else { "asr" };
            example(
                i,
                Some(task),
                vec![format!("tag=best-{task}-model")],
                vec![],
            )
        })
        .collect();
    let open = study(&examples, &Leaks::default(), &options()).unwrap();
    assert!(open.scores[0].accuracy > 0.99);
    let closed = study(&examples, &Leaks::new(["ner", "asr"]), &options()).unwrap();
    assert_eq!(closed.best, "majority baseline");
    assert_eq!(
        closed.scores.len(),
        1,
        "no evidence is left, so that there is nothing to train"
    );
}

#[test]
fn limits_bound_the_parts_and_rare_tasks_are_left_out_and_counted() {
    let mut examples = toy(600);
    examples.extend((600..603).map(|i| example(i, Some("rare"), vec![], vec![f64::NAN, 0.0])));
    let limited = Options {
        train_limit: 100,
        ..options()
    };
    let study = study(&examples, &leaks(), &limited).unwrap();
    let score = &study.scores[0];
    assert!(
        score.train_models <= 100 && score.test_models <= 25,
        "{score:?}"
    );
    assert_eq!((study.tasks_left_out, study.models_left_out), (1, 3));
}

#[test]
fn thousands_of_tasks_are_cut_to_the_most_common() {
    let examples: Vec<Example> = (0..6000)
        .map(|i| {
            let task = if i < 3000 { i % 3 } else { i };
            example(
                i,
                Some(&format!("task-{task}")),
                vec![format!("tag={task}")],
                vec![],
            )
        })
        .collect();
    let few = Options {
        max_tasks: 2,
        min_models_per_task: 1,
        ..Options::default()
    };
    let study = study(&examples, &Leaks::default(), &few).unwrap();
    assert_eq!(study.scores[0].tasks, 2);
    assert_eq!((study.tasks_left_out, study.models_left_out), (3001, 4000));
}

#[test]
fn tiny_inputs_are_an_error_or_the_baseline_alone() {
    assert!(matches!(
        study(&[], &Leaks::default(), &options()),
        Err(ClassifyError::NothingToLearn {
            models: 0,
            minimum: 5
        })
    ));
    let each_its_own: Vec<Example> = (0..50)
        .map(|i| example(i, Some(&format!("t{i}")), vec![], vec![]))
        .collect();
    assert!(matches!(
        study(&each_its_own, &Leaks::default(), &options()),
        Err(ClassifyError::NothingToLearn {
            models: 50,
            minimum: 5
        })
    ));
    let mut one_task: Vec<Example> = (0..50)
        .map(|i| example(i, Some("only"), vec!["tag=a".to_owned()], vec![1.0]))
        .collect();
    one_task.push(example(50, None, vec![], vec![f64::NAN]));
    let study = study(&one_task, &Leaks::default(), &options()).unwrap();
    assert_eq!(study.best, "majority baseline");
    assert_eq!(study.scores.len(), 1);
    let guess = Prediction {
        id: "account/model-50".to_owned(),
        task: "only".to_owned(),
        confidence: 1.0,
    };
    assert_eq!(study.predictions, vec![guess]);
}

#[test]
fn two_models_per_task_are_survived() {
    let examples: Vec<Example> = (0..40)
        .map(|i| {
            example(
                i,
                Some(&format!("t{}", i % 20)),
                vec![format!("tag={}", i % 20)],
                vec![f64::NAN],
            )
        })
        .collect();
    let few = Options {
        min_models_per_task: 1,
        ..Options::default()
    };
    assert!(study(&examples, &Leaks::default(), &few).is_ok());
}

#[test]
fn wrong_questions_are_told() {
    let examples = toy(30);
    let wrong = Options {
        test_share: f64::NAN,
        ..options()
    };
    let error = study(&examples, &leaks(), &wrong).unwrap_err().to_string();
    assert_eq!(
        error,
        "option test_share is NaN, expected above 0 and below 1"
    );
    let mut twice = examples.clone();
    twice.push(examples[3].clone());
    assert!(
        matches!(study(&twice, &leaks(), &options()), Err(ClassifyError::DuplicateId { id }) if id == "account/model-3")
    );
    let mut ragged = examples;
    ragged[2].numbers.pop();
    assert!(matches!(
        study(&ragged, &leaks(), &options()),
        Err(ClassifyError::Ragged {
            found: 1,
            expected: 2,
            ..
        })
    ));
}
