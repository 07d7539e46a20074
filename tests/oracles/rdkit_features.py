#!/usr/bin/env python3
"""Features, canonical SMILES and scaffolds of varied molecules by RDKit's Python: writes tests/golden/rdkit_features.json.

    /usr/bin/python3 tests/oracles/rdkit_features.py        (Debian's python3-rdkit 2022.09)

The featurisation is pretrain-gnns' loader: list.index of each property, ValueError where a property is not in the list.
"""

import json
import pathlib

import rdkit
from rdkit import Chem, RDLogger
from rdkit.Chem.Scaffolds.MurckoScaffold import MurckoScaffoldSmiles

SMILES = r"""
C
[H][H]
[Na+].[Cl-]
CCO
c1ccccc1
Cc1ccccc1
C1CC1
N[C@@H](C)C(=O)O
N[C@H](C)C(=O)O
F/C=C/F
F/C=C\F
C/C=C/C=C\C
F\C=C(/Cl)Br
CC(=O)Oc1ccccc1C(=O)O
CN1C=NC2=C1C(=O)N(C(=O)N2C)C
C#N
[C-]#[O+]
O=[N+]([O-])c1ccccc1
[nH]1cccc1
c1cc[n+]([O-])cc1
OC[C@H]1O[C@@H](O)[C@H](O)[C@@H](O)[C@@H]1O
C[C@]12CC[C@H]3[C@@H](CC[C@H]4CC(=O)CC[C@]34C)[C@@H]1CC[C@@H]2O
c1ccc2ccccc2c1
C1=CC=CC=CC=C1
[13CH4]
[2H]OC
[Fe+2]
CC(C)(C)c1ccc(cc1)S(=O)(=O)N
O=C1/C(=C\Nc2ccon2)NS(=O)(=O)c2ccccc21
CN1C(=C(\O)Nc2cc(C)on2)/C(=O)c3ccccc3[S]1(=O)=O
c1ccc(cc1)-c1ccccc1
C1CC2CCC1C2
[Cl].CC(C)NCC(O)COc1cccc2ccccc12
OC(=O)C1=CC=CC=C1.O
S1SSSSSSS1
[O-]Cl(=O)(=O)=O
c1ccc(/N=N/c2ccccc2)cc1
CC=C=CC
C[S@](=O)c1ccccc1
C*
[*]c1ccccc1
CCN->[Pt]
[NH3]->[Cu+2]
F[P@SP1](Cl)(Br)I
Cl[Pt@SP1](F)(Br)I
C1CC
CC(
N(C)(C)(C)C
c1cccc1
xyz
C$C
""".split()


def index_or_none(values, value):
    return values.index(value) if value in values else None


def features(text):
    mol = Chem.MolFromSmiles(text)
    if mol is None:
        return {"smiles": text, "usable": False}
    chiralities = [Chem.ChiralType.CHI_UNSPECIFIED, Chem.ChiralType.CHI_TETRAHEDRAL_CW,
                   Chem.ChiralType.CHI_TETRAHEDRAL_CCW]
    types = [Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC]
    directions = [Chem.BondDir.NONE, Chem.BondDir.ENDUPRIGHT, Chem.BondDir.ENDDOWNRIGHT]
    nodes, edges, edge_features = [], [], []
    for atom in mol.GetAtoms():
        nodes += [index_or_none(list(range(1, 119)), atom.GetAtomicNum()),
                  index_or_none(chiralities, atom.GetChiralTag())]
    for bond in mol.GetBonds():
        i, j = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        code = [index_or_none(types, bond.GetBondType()), index_or_none(directions, bond.GetBondDir())]
        edges += [i, j, j, i]
        edge_features += code + code
    if None in nodes or None in edge_features:
        return {"smiles": text, "usable": False}
    canonical = Chem.MolToSmiles(mol)
    return {"smiles": text, "usable": True, "nodes": nodes, "edges": edges, "edge_features": edge_features,
            "canonical": canonical,
            "scaffold": MurckoScaffoldSmiles(smiles=canonical, includeChirality=True),
            "scaffold_raw": MurckoScaffoldSmiles(smiles=text, includeChirality=True)}


def main():
    RDLogger.DisableLog("rdApp.*")
    root = pathlib.Path(__file__).resolve().parents[1]
    data = {"rdkit": rdkit.__version__, "molecules": [features(text) for text in SMILES]}
    lines = ",\n".join(json.dumps(molecule) for molecule in data["molecules"])
    target = root / "golden" / "rdkit_features.json"
    target.write_text('{"rdkit": %s, "molecules": [\n%s\n]}\n' % (json.dumps(data["rdkit"]), lines))
    print(target.name, len(SMILES), "molecules,", sum(not m["usable"] for m in data["molecules"]), "not usable")


if __name__ == "__main__":
    main()
