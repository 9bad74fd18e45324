//! Days of the Gregorian calendar.
//!
//! Years are counted from March, so that the leap day is the last of its year.

const DAYS_TO_1970: u64 = 719_468; // since the first of March of year 0
const ERA: u64 = 146_097; // days of 400 years

/// Year, month and day of a day since 1970.
pub(crate) fn date_of(days: u64) -> (u64, u64, u64) {
    let days = days + DAYS_TO_1970;
    let of_era = days % ERA;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = days / ERA * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// The day since 1970 with this date. `None` when there is no such date, or when it is before 1970 or after 9999.
#[cfg(any(feature = "credentials", test))]
pub(crate) fn days_to(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year_from_march = year - u64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year_from_march / 4 - year_from_march / 100 + year_from_march / 400;
    let days = year_from_march * 365 + leap_days + of_year - DAYS_TO_1970;
    // The 31st of April is another day's date.
    (date_of(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_has_one_date_and_every_date_one_day() {
        let mut days = 0;
        for year in 1970..=9999 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Some(found) = days_to(year, month, day) {
                        assert_eq!((found, date_of(days)), (days, (year, month, day)));
                        days += 1;
                    }
                }
            }
        }
        assert_eq!(days, 2_932_897); // httpdate and every other calendar count as many to the year 10000
        for (year, month, day) in [
            (2023, 2, 29),
            (2100, 2, 29),
            (2024, 4, 31),
            (2024, 0, 1),
            (2024, 13, 1),
            (2024, 1, 0),
            (2024, 1, 32),
            (1969, 12, 31),
            (10_000, 1, 1),
        ] {
            assert_eq!(days_to(year, month, day), None, "{year}-{month}-{day}");
        }
        assert_eq!(days_to(2000, 2, 29), Some(11_016));
    }
}
