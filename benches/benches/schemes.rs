//! The cases of `report` under criterion.

use benches::{groups, time};
use criterion::Criterion;
use std::time::Duration;

fn main() -> Result<(), benches::BoxError> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    for group in groups::all() {
        let mut benchmarks = criterion.benchmark_group(group.name);
        for mut case in (group.cases)()? {
            benchmarks.bench_function(format!("{}/ours", case.name), |bencher| {
                bencher.iter_custom(|calls| time(&mut *case.ours, calls));
            });
            benchmarks.bench_function(format!("{}/peer", case.name), |bencher| {
                bencher.iter_custom(|calls| time(&mut *case.peer, calls));
            });
        }
        benchmarks.finish();
    }
    criterion.final_summary();
    Ok(())
}
