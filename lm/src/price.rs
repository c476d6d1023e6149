use abide_base::usage::Usage;

/// What a model's tokens cost, in millionths of a US dollar per million tokens (so 0.25 dollars per million is `250_000`).
///
/// The default is that nothing is known: then money is counted as 0, which means unknown and not free. A model that costs nothing, such
/// as a local one, has [`Prices::FREE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prices(Option<List>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct List {
    prompt: u64,
    cached: u64,
    completion: u64,
}

impl Prices {
    /// Those of a model that costs nothing.
    pub const FREE: Self = Self::per_million(0, 0);

    /// Prices of the request's tokens and of the reply's. Cached tokens cost as much as others.
    pub const fn per_million(prompt: u64, completion: u64) -> Self {
        Self(Some(List { prompt, cached: prompt, completion }))
    }

    /// The price of those tokens of a request that the provider had cached; of no effect where no other price is known.
    #[must_use]
    pub const fn cached(self, cached: u64) -> Self {
        match self.0 {
            Some(list) => Self(Some(List { cached, ..list })),
            None => self,
        }
    }

    /// Whether there are any; without, money is unknown.
    pub const fn are_known(&self) -> bool {
        self.0.is_some()
    }

    /// Micro-dollars for so many tokens, none of them cached, rounded up; 0 where no prices are known.
    pub fn cost(&self, prompt_tokens: u64, completion_tokens: u64) -> u64 {
        self.cost_of(&Usage { prompt_tokens, completion_tokens, ..Usage::default() })
    }

    /// Micro-dollars for the tokens of a reply, the cached ones at their price, rounded up; 0 where no prices are known. More cached
    /// tokens than the request has count as all of it.
    pub fn cost_of(&self, usage: &Usage) -> u64 {
        let Some(list) = self.0 else { return 0 };
        let cached = usage.cached_tokens.min(usage.prompt_tokens);
        let millionths = [
            (list.prompt, usage.prompt_tokens - cached),
            (list.cached, cached),
            (list.completion, usage.completion_tokens),
        ]
        .into_iter()
        .map(|(price, tokens)| u128::from(price) * u128::from(tokens))
        .fold(0, u128::saturating_add);
        u64::try_from(millionths.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests;
