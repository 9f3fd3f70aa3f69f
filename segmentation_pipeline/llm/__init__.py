"""The library that asks language models: providers, prompts, limits, the audit of every call, grounding of answers.

Add here: what any stage that asks a model needs. The entry point is `client.LanguageModel`.
Keep out: prompts and output types of a stage (they lie in that stage's folder), and knowledge of any stage.
"""
