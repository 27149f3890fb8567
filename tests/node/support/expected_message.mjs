// What a GitHub event must read like in the chat, worked out here a second time: the engine maps with
// the JSONata of examples/github-to-chat, this with plain JavaScript from the table in its README.

const words = (text) => text.replaceAll("_", " ");

// The first line, at most 80 characters (code points).
const short = (text) => {
  const line = [...(text || "").split("\n")[0]];
  return line.length > 80 ? line.slice(0, 79).join("") + "…" : line.join("");
};

const ended = (conclusion) => (conclusion ? ": " + words(conclusion) : "");
const branch = (ref) => ref.replace(/^refs\/(heads|tags)\//, "");

const sentences = {
  push: (p) =>
    `pushed ${p.commits.length} commit${p.commits.length === 1 ? "" : "s"} to ${branch(p.ref)}` +
    (p.head_commit?.message ? ": " + short(p.head_commit.message) : ""),
  pull_request: (p, done) =>
    `${done} pull request #${p.number}: ${short(p.pull_request.title)}` +
    (p.action === "closed" && p.pull_request.merged ? " (merged)" : ""),
  issues: (p, done) => `${done} issue #${p.issue.number}: ${short(p.issue.title)}`,
  issue_comment: (p, done) => `${done} a comment on #${p.issue.number}: ${short(p.comment.body)}`,
  pull_request_review: (p, done) =>
    `${done} a review of #${p.pull_request.number}: ${words(p.review.state)}`,
  pull_request_review_comment: (p, done) =>
    `${done} a review comment on #${p.pull_request.number}: ${short(p.comment.body)}`,
  commit_comment: (p) =>
    `commented on ${p.comment.commit_id.slice(0, 7)}: ${short(p.comment.body)}`,
  release: (p, done) => `${done} release ${p.release.tag_name}`,
  create: (p) => `created ${p.ref_type} ${branch(p.ref)}`,
  delete: (p) => `deleted ${p.ref_type} ${branch(p.ref)}`,
  fork: (p) => `forked it to ${p.forkee.full_name}`,
  star: (p) => (p.action === "deleted" ? "took a star back" : "gave a star"),
  label: (p, done) => `${done} label ${p.label.name}`,
  milestone: (p, done) => `${done} milestone ${p.milestone.title}`,
  gollum: (p) => "edited the wiki: " + p.pages.map((page) => page.title).join(", "),
  status: (p) => `reported ${p.context}: ${p.state}`,
  workflow_run: (p, done) =>
    `${done} workflow ${p.workflow_run.name} on ${p.workflow_run.head_branch}` +
    ended(p.workflow_run.conclusion),
  check_run: (p, done) => `${done} check ${p.check_run.name}` + ended(p.check_run.conclusion),
  discussion: (p, done) => `${done} discussion #${p.discussion.number}: ${short(p.discussion.title)}`,
  member: (p, done) => `${done} member ${p.member.login}`,
  ping: (p) => `says: ${p.zen}`,
};

// The text for the event type of X-GitHub-Event and its payload.
export function expectedMessage(type, payload) {
  const who = payload.sender?.login || "GitHub";
  const where =
    payload.repository?.full_name ||
    payload.organization?.login ||
    payload.installation?.account?.login ||
    "GitHub";
  const done = payload.action ? words(payload.action) : "sent";
  const sentence = sentences[type];
  const what = sentence
    ? sentence(payload, done)
    : words(type) + (payload.action ? " " + words(payload.action) : "");
  return `[${where}] ${who} ${what}`;
}
