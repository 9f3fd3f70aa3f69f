"""What `segpipe prompts` shows is what a model is sent."""

from segmentation_pipeline.config import Settings
from segmentation_pipeline.insights.preview import prompts_of
from segmentation_pipeline.warehouse.warehouse import Warehouse
from segmentation_pipeline_tests import llm_servers as does
from segmentation_pipeline_tests.homes import PLANTED_MONTH
from segmentation_pipeline_tests.insights.advising import advice
from segmentation_pipeline_tests.insights.discovery.planted import USER
from segmentation_pipeline_tests.insights.test_model_advisor import advised
from segmentation_pipeline_tests.llm_servers import ModelServer


def test_advice_is_previewed_word_for_word_and_no_user_id_is_in_any_prompt(planted_home, monkeypatch):
    monkeypatch.setenv("SERVER_KEY", does.KEY)
    shown = dict(prompts_of(Warehouse(planted_home, planted_home.settings()), PLANTED_MONTH))
    with ModelServer(does.answer(advice)) as server:
        llm = {"provider": server.openai_provider, "key_variable": "SERVER_KEY"}
        settings = Settings.model_validate(planted_home.settings().model_dump(exclude={"llm"}) | {"llm": llm})
        warehouse = Warehouse(planted_home, settings)
        with warehouse.transaction() as db:
            db.execute("DELETE FROM segment_advice")
        advised(warehouse, PLANTED_MONTH)
        sent = {request.prompt for request in server.requests}
    previewed = [prompt for what, prompt in shown.items() if what.startswith("advice on ")]
    assert len(previewed) >= 3
    assert all(any(f"{prompt.system}\n{prompt.user}" in text for text in sent) for prompt in previewed)
    with warehouse.read() as db:
        users = [user for (user,) in db.execute("SELECT user_id FROM user_features").fetchall()]
    told = "\n".join(prompt.text for prompt in shown.values())
    assert [user for user in users if user in told] == []
    assert len(USER.findall(told)) == 30
