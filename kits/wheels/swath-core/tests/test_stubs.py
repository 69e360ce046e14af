"""Every name of the module is in its stub, with the same parameters and defaults; and each is documented."""

import ast
import inspect
import pathlib
import unittest

import swath_core

FOLDER = pathlib.Path(swath_core.__file__).parent


def parameters(function):
    """Names, and defaults as text, without the object or class itself."""
    given = function.args
    positional = given.posonlyargs + given.args
    defaults = [None] * (len(positional) - len(given.defaults)) + given.defaults
    found = [(arg.arg, default and ast.unparse(default)) for arg, default in zip(positional, defaults)]
    found += [(arg.arg, default and ast.unparse(default)) for arg, default in zip(given.kwonlyargs, given.kw_defaults)]
    found += [(given.kwarg.arg, None)] if given.kwarg else []
    return [one for one in found if one[0] not in ("self", "cls")]


def of_module(function):
    empty = inspect.Parameter.empty
    signature = inspect.signature(function).parameters.values()
    return [(one.name, None if one.default is empty else repr(one.default)) for one in signature if one.name != "self"]


class Stubs(unittest.TestCase):
    def setUp(self):
        self.tree = ast.parse((FOLDER / "__init__.pyi").read_text())
        self.functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.classes = {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    def test_types_are_shipped(self):
        self.assertTrue((FOLDER / "py.typed").is_file())

    def test_every_name_is_in_the_stub(self):
        public = {name for name in dir(swath_core) if not name.startswith("_") and name != "swath_core"}
        self.assertEqual(public, self.functions.keys() | self.classes.keys())
        for name, node in self.classes.items():
            members = {member for member in vars(getattr(swath_core, name)) if not member.startswith("_")}
            self.assertEqual(members, {item.name for item in node.body if not getattr(item, "name", "_").startswith("_")})

    def test_parameters_and_defaults_are_the_same(self):
        for name, node in self.functions.items():
            self.assertEqual(of_module(getattr(swath_core, name)), parameters(node), name)
        for name, node in self.classes.items():
            for item in node.body:
                member = vars(getattr(swath_core, name)).get(getattr(item, "name", None))
                if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and not inspect.isgetsetdescriptor(member):
                    self.assertEqual(of_module(getattr(getattr(swath_core, name), item.name)), parameters(item), item.name)

    def test_everything_is_documented(self):
        for name in self.functions.keys() | self.classes.keys():
            self.assertTrue(getattr(swath_core, name).__doc__, name)
        for name, member in vars(swath_core.Points).items():
            if not name.startswith("_"):
                self.assertTrue(inspect.getdoc(member), name)


if __name__ == "__main__":
    unittest.main()
