"""The rulebook to read: families to choose from, a search, and each rule in plain words with its examples."""

from collections.abc import Sequence

import streamlit as st

from dashboards.components.rule_address import kept
from dashboards.context import Context
from dashboards.plain import escaped
from dashboards.rule_cards import Passage, RuleCard, ShownExample

SHOWN_EXAMPLES = 5  # of each kind; the others lie behind a button
SHOWN_WORDS = 60
SHOWN_RULES = 15
SEVERITY_COLOURS = {"info": "gray", "minor": "blue", "major": "orange", "red_line": "red"}


def rule_list(context: Context, cards: tuple[RuleCard, ...]) -> None:
    """Rules of the chosen family, of all families for a search, or the one that the address names."""
    t = context.t
    families = tuple(dict.fromkeys(card.family for card in cards))
    with st.container(horizontal=True, key="rule-filters", vertical_alignment="bottom"):
        family = st.selectbox(
            t("rules.family"),
            families,
            index=None,
            placeholder=t("rules.all_families"),
            format_func=lambda code: f"{t.code('family', code)} · {sum(card.family == code for card in cards)}",
            width=240,
            **kept("family", families),
        )
        words = st.text_input(t("rules.search"), placeholder=t("rules.search_hint"), max_chars=60, **kept("q"))
    only = st.query_params.get("rule")
    found = [
        card
        for card in cards
        if card.rule_id == only or (not only and (family or card.family) == card.family and card.mentions(words or ""))
    ]
    st.caption(t("rules.found", count=len(found), all=len(cards)))
    if only and st.button(t("rules.show_all"), icon=":material/close:"):
        del st.query_params["rule"]
        st.rerun()
    if not found:
        st.info(t("rules.none_found"), icon=":material/search_off:")
    shown = st.session_state.setdefault("rules_shown", SHOWN_RULES)
    for card in found[:shown]:
        _card(context, card, opened=len(found) == 1)
    if len(found) > shown:
        st.button(t("rules.more", count=len(found) - shown), on_click=_show_more, icon=":material/expand_more:")


def _show_more() -> None:
    st.session_state["rules_shown"] += SHOWN_RULES


def _card(context: Context, card: RuleCard, *, opened: bool) -> None:
    t = context.t
    title = f"**{escaped(card.name)}** · {t.code('family', card.family)} · {t.code('severity', card.severity)}"
    with st.expander(title, expanded=opened, key=f"rule-{card.rule_id}"):
        with st.container(horizontal=True):
            st.badge(t.code("severity", card.severity), color=SEVERITY_COLOURS.get(card.severity, "gray"))
            for trait in card.traits:
                st.badge(trait, color="violet")
        st.text(card.what)
        if card.coaching:
            st.markdown(f"**{t('rules.coaching')}**")
            st.text(card.coaching)
        _examples(context, card)
        for passage in card.passages:
            _passage(context, passage)
        st.caption(escaped(f"{card.rule_id} · {card.place}"))


def _passage(context: Context, passage: Passage) -> None:
    st.markdown(f"**{escaped(passage.heading)}**")
    shown, more = passage.items[:SHOWN_WORDS], len(passage.items) - SHOWN_WORDS
    if shown:
        st.text("、".join(shown) + (context.t("rules.more_words", count=more) if more > 0 else ""))
    if passage.patterns:
        with st.popover(context.t("rules.patterns", count=len(passage.patterns)), icon=":material/regular_expression:"):
            st.text("\n".join(passage.patterns))


def _examples(context: Context, card: RuleCard) -> None:
    for expect in dict.fromkeys(example.expect for example in card.examples):
        mine = [example for example in card.examples if example.expect == expect]
        heading = context.t(f"rules.example.{expect or 'clean'}")
        st.markdown(f"**{heading}**")
        st.text(_told(context, mine[:SHOWN_EXAMPLES]))
        if len(mine) > SHOWN_EXAMPLES:
            with st.popover(context.t("rules.more_examples", count=len(mine) - SHOWN_EXAMPLES)):
                st.text(_told(context, mine[SHOWN_EXAMPLES:]))


def _told(context: Context, examples: Sequence[ShownExample]) -> str:
    """Dialogues one below the other, a line each."""
    t, shown = context.t, []
    for example in examples:
        lines = (
            f"{t.code('role', role)}：{said}" if role else t("rules.silence", seconds=said)
            for role, said in example.lines
        )
        shown += [f"{'• ' if i == 0 else '   '}{line}" for i, line in enumerate(lines)]
    return "\n".join(shown)
