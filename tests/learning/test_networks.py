"""The networks: their size, their shapes, and that folding for serving changes nothing but the speed."""

import io

import pytest
import torch
from torch import nn

from learning.networks import ConvNet, Ensemble, LinearNet, Soften, describe, digit_evidence, digit_logits, fold
from learning.registry import MODELS


def lived_in(network: nn.Module) -> nn.Module:
    """The network with norms that have seen something, as after a training."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = torch.randn_like(module.bias) / 5
            module.running_var = torch.rand_like(module.bias) + 0.5
            nn.init.normal_(module.bias, std=0.2)
    return network


def test_linear_has_7850_parameters() -> None:
    assert sum(p.numel() for p in LinearNet().parameters()) == 7850


@pytest.mark.parametrize(
    ("network", "parameters", "size"), [(ConvNet(), 102_026, 450_000), (Ensemble(), 300_000, 2_000_000)]
)
def test_convs_keep_to_their_budgets(network: nn.Module, parameters: int, size: int) -> None:
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    assert sum(p.numel() for p in network.parameters()) <= parameters
    assert len(file.getvalue()) <= size


def test_an_ensemble_trains_its_members_side_by_side_and_reads_with_their_mean() -> None:
    ensemble, images = Ensemble(), torch.rand(4, 1, 28, 28)
    assert ensemble.train()(images).shape == (8, 11)
    with torch.no_grad():
        alone = torch.stack([member.eval()(images) for member in ensemble.members])
        torch.testing.assert_close(ensemble.eval()(images), alone.mean(0))
    assert not torch.equal(alone[0], alone[1]), "they differ by chance"


@pytest.mark.parametrize("network", [ConvNet(), Ensemble()])
def test_descriptors_have_length_one(network: ConvNet | Ensemble) -> None:
    with torch.no_grad():
        described = describe(network.eval().features(torch.rand(3, 1, 28, 28)))
    assert described.shape == (3, 576)
    torch.testing.assert_close(described.norm(dim=1), torch.ones(3))


@pytest.mark.parametrize(("name", "columns"), [("linear", 10), ("cnn", 11)])
@pytest.mark.parametrize("count", [1, 3])
def test_logits_have_a_column_per_answer(name: str, columns: int, count: int) -> None:
    network = MODELS[name].build().eval()
    logits = network(torch.rand(count, 1, 28, 28))
    assert logits.shape == (count, columns)
    assert digit_logits(logits).shape == (count, 10)
    assert digit_evidence(logits).shape == (count,)


@pytest.mark.parametrize("name", MODELS)
def test_folding_keeps_the_answers(name: str) -> None:
    torch.manual_seed(0)
    network = lived_in(MODELS[name].build(dropout=0.5)).eval()
    images = torch.rand(20, 1, 28, 28)
    served = fold(network)
    with torch.no_grad():
        torch.testing.assert_close(served(images), network(images), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(m, nn.BatchNorm2d | nn.Dropout) for m in served.modules())
    assert not any(p.requires_grad for p in served.parameters())


def test_a_folded_ensemble_is_one_network_with_the_features_of_all_members() -> None:
    torch.manual_seed(0)
    ensemble = Ensemble()
    lived_in(ensemble).eval()
    images, served = torch.rand(3, 1, 28, 28), fold(ensemble)
    assert isinstance(served, ConvNet)
    with torch.no_grad():
        torch.testing.assert_close(served.features(images), ensemble.features(images), atol=1e-4, rtol=1e-4)


def test_reading_softens_and_training_does_not() -> None:
    soften, dot = Soften(fraction=0.2), torch.zeros(1, 1, 28, 28)
    dot[0, 0, 14, 14] = 1
    assert torch.equal(soften.train()(dot), dot)
    soft = soften.eval()(dot)
    assert soft[0, 0, 14, 13:16].tolist() == pytest.approx([0.08, 0.64, 0.08])
    assert float(soft.sum()) == pytest.approx(1)
    assert "soften" not in str(list(ConvNet().state_dict())), "it is no weight"


def test_folding_turns_dropout_off_and_leaves_the_original_alone() -> None:
    network = ConvNet(dropout=0.5).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    served = fold(network)
    image = torch.rand(1, 1, 28, 28)
    assert torch.equal(served(image), served(image))
    assert network.training
    assert not served.training
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


def test_the_norms_scale_stays_positive() -> None:
    # Folding a norm into the convolution in front of a max pool holds only for a positive scale.
    network = ConvNet()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms
    assert all(torch.equal(n.weight, torch.ones_like(n.weight)) and not n.weight.requires_grad for n in norms)


def test_evidence_weighs_digits_against_none() -> None:
    surely_a_seven = torch.tensor([[0.0] * 7 + [9.0] + [0.0] * 3])
    surely_nothing = torch.tensor([[0.0] * 10 + [9.0]])
    assert digit_evidence(surely_a_seven) > 8
    assert digit_evidence(surely_nothing) < -6
    assert digit_evidence(surely_a_seven[:, :10]) > digit_evidence(torch.zeros(1, 10))
