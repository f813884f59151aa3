"""Renders without Jinja: assembled from what the template wrote around messages of the same kind.

What a template writes around a text depends on the message's kind and on its neighbours, hardly
ever on more. So the pieces of a conversation of stand-ins are learnt once, by message and context,
and conversations of the same contexts are laid together from them. The template itself stays the
judge: each learnt conversation, and a sample of all others, is rendered by it and compared.
"""
