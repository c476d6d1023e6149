use std::time::Duration;

/// A time such as `90s`, `10m`, `24h` or `7d`.
pub fn duration(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let seconds = text.get(..text.len() - 1)?.parse::<u32>().ok()?;
    let seconds = u64::from(seconds) * unit;
    (1..=31 * 86_400).contains(&seconds).then(|| Duration::from_secs(seconds))
}
