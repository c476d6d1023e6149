//! The tools of a server: as they were when it was connected to, and whether they still are.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use abide_base::call::{ToolName, ToolReply, ToolSpec};
use rmcp::{
    model::{ListToolsResult, PaginatedRequestParams, Tool},
    service::ServiceError,
};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    error::Fault,
    link::{Link, Session},
    message::{LISTED, MAX_TOOLS},
    oddity::quoted,
    reply::Unchecked,
    schemas::{self, Outputs},
    spec,
    subject::Subject,
};
use crate::ToolError;

/// The tools as they were, and a watch over them: a program is made for these definitions, and calls go to no others.
pub(super) struct Listing {
    pub(super) tools: Vec<ToolSpec>,
    outputs: Outputs,
    watch: Mutex<Watch>,
}

struct Watch {
    /// On the clock of time since some moment.
    good_until: Duration,
    /// How often the list may have become another one before it was asked for.
    seen: u64,
    drifted: BTreeSet<ToolName>,
}

/// What a server lists, and for how long it says that this is good.
struct List {
    tools: Vec<Tool>,
    life: Duration,
}

pub(super) const MAX_PAGES: usize = 64;
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// For lists that do not say how long they are good.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
/// However short-lived a server calls its list: asking for it before every call would double the calls.
const MIN_LIFE: Duration = Duration::from_secs(60);
const MAX_LIFE: Duration = Duration::from_secs(3_600);

impl Listing {
    /// The list of a server that was just connected to.
    pub(super) async fn new(session: &Session, link: &Link) -> Result<Self, Fault> {
        let seen = link.freshness().count();
        let list = ask(session, link).await?;
        let tools = spec::of_tools(list.tools, link.oddities());
        let watch = Watch { good_until: link.clock().elapsed() + list.life, seen, drifted: BTreeSet::new() };
        let (tools, outputs) = schemas::admit(tools, link.oddities()).await;
        Ok(Self { tools, outputs, watch: Mutex::new(watch) })
    }

    /// Whether a tool is still what it was. Asks again where the list may be another one; who comes meanwhile waits for that.
    pub(super) async fn check(&self, tool: &ToolName, session: &Session, link: &Link) -> Result<(), Fault> {
        let mut watch = self.watch.lock().await;
        if link.freshness().count() != watch.seen || link.clock().elapsed() >= watch.good_until {
            self.ask_again(&mut watch, session, link).await?;
        }
        if watch.drifted.contains(tool) { Err(Fault::Drifted) } else { Ok(()) }
    }

    /// Asks again, and names the tools that are not what they were.
    pub(super) async fn refresh(&self, session: &Session, link: &Link) -> Result<Vec<ToolName>, Fault> {
        // so that a call asks, should this fail
        link.freshness().invalidate();
        let mut watch = self.watch.lock().await;
        self.ask_again(&mut watch, session, link).await?;
        Ok(watch.drifted.iter().cloned().collect())
    }

    /// The reply, if it is what the tool promised.
    pub(super) async fn check_output(
        &self,
        tool: &ToolName,
        reply: Unchecked,
        link: &Link,
    ) -> Result<ToolReply, ToolError> {
        self.outputs.check(tool, reply, link.oddities()).await
    }

    async fn ask_again(&self, watch: &mut Watch, session: &Session, link: &Link) -> Result<(), Fault> {
        // before asking: what changes meanwhile must not be missed
        let seen = link.freshness().count();
        let list = ask(session, link).await?;
        let tools = spec::of_tools(list.tools, link.oddities());
        let now: BTreeMap<_, _> = tools.into_iter().map(|tool| (tool.name, tool.digest)).collect();
        let drifted = |tool: &&ToolSpec| now.get(&tool.name) != Some(&tool.digest);
        watch.drifted = self.tools.iter().filter(drifted).map(|tool| tool.name.clone()).collect();
        watch.good_until = link.clock().elapsed() + list.life;
        watch.seen = seen;
        Ok(())
    }
}

async fn ask(session: &Session, link: &Link) -> Result<List, Fault> {
    let list = tokio::time::timeout(TIMEOUT, pages(session, link)).await;
    let list = list.map_err(|_| Fault::Timeout { subject: Subject::List, limit: TIMEOUT })?;
    // a program that is not listened to any more cannot say why
    list.map_err(|error| session.cut().unwrap_or_else(|| Fault::of_service(error, link.oddities().redactor())))
}

/// Follows the pages, but not for ever.
async fn pages(session: &Session, link: &Link) -> Result<List, ServiceError> {
    let mut tools: Vec<Tool> = Vec::new();
    let mut cursor = None;
    let mut seen = BTreeSet::new();
    let mut life = MAX_LIFE;
    for _ in 0..MAX_PAGES {
        let params = PaginatedRequestParams::default().with_cursor(cursor);
        let page = session.peer().list_tools(Some(params)).await?;
        life = life.min(page.ttl_ms.map_or(DEFAULT_LIFE, Duration::from_millis));
        note_left_out(&page, link);
        tools.extend(page.tools);
        cursor = page.next_cursor;
        if let Some(next) = cursor.clone()
            && !seen.insert(next)
        {
            // a client that asks again for what there was gets it again, without end
            link.oddities().note(None, "`nextCursor` of `tools/list`", "it repeats: further tools are not asked for");
            cursor = None;
        }
        if cursor.is_none() || tools.len() >= MAX_TOOLS {
            break;
        }
    }
    if cursor.is_some() || tools.len() > MAX_TOOLS {
        let reason =
            format!("it lists more than {MAX_TOOLS} tools, or on more than {MAX_PAGES} pages: the rest is left out");
        link.oddities().note(None, "`tools/list`", reason);
        tools.truncate(MAX_TOOLS);
    }
    Ok(List { tools, life: life.max(MIN_LIFE) })
}

/// The protocol library leaves out tools whose arguments cannot be mirrored in headers, and does not say which.
fn note_left_out(page: &ListToolsResult, link: &Link) {
    let listed = page.meta.as_ref().and_then(|meta| meta.get(LISTED)).and_then(Value::as_array);
    for name in listed.into_iter().flatten().filter_map(Value::as_str) {
        if !page.tools.iter().any(|tool| tool.name == name) {
            let known = ToolName::of_server(link.server(), name).ok();
            let reason =
                "it is left out, because an annotation `x-mcp-header` of its `inputSchema` is not as the protocol says";
            link.oddities().note(known.as_ref(), format!("tool `{}`", quoted(name)), reason);
        }
    }
}
