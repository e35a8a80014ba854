//! `hubcensus`: dated snapshots of the Hugging Face Hub's metadata in; typed,
//! checked, documented Parquet tables out.

mod cli;
mod exit;
mod memory;
mod panics;
mod present;
mod progress;
mod verbs;
mod workspace;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command};

fn main() -> ExitCode {
    memory::keep();
    let cli = Cli::parse();
    progress::log_to_stderr(cli.global.verbose);
    panics::log();
    let result = panics::caught(|| match &cli.command {
        Command::Run(args) => verbs::run::run(&cli.global, args),
        Command::Plan(args) => verbs::plan::plan(&cli.global, args),
        Command::Check => verbs::check::check(&cli.global),
        Command::Test(args) => verbs::test::test(&cli.global, args),
        Command::Tables(args) => verbs::tables::tables(&cli.global, args),
        Command::Show(args) => verbs::show::show(&cli.global, args),
        Command::Query(args) => verbs::query::query(&cli.global, args),
        Command::Sample(args) => verbs::sample::sample(&cli.global, args),
        Command::Verify => verbs::verify::verify(&cli.global),
    });
    exit::code(result)
}
