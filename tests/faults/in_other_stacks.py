"""Small changes of PyTorch's modules, helpers and initializers, and of Keras' TensorFlow and JAX engines, drawn by chance or
written down beforehand: those that went unnoticed at first and are found now."""

from tests.faults.base import Fault, faults

FAMILY = "mutants of other stacks"

ALL: tuple[Fault, ...] = (
    *faults(FAMILY, "torch.nn.init", {
        "gain of leaky rectifiers is turned over": (
            "        return math.sqrt(2.0 / (1 + negative_slope**2))\n",
            "        return math.sqrt((2.0 * (1 + negative_slope ** 2)))\n",
        ),
        "orthogonal: wide ones are turned where tall are": (
            "\n"
            "    if rows < cols:\n"
            "        q.t_()\n",
            "\n"
            "    if not (rows < cols):\n"
            "        q.t_()\n",
        ),
        "orthogonal: the gain twice": (
            "        tensor.mul_(gain)\n"
            "    return tensor\n"
            "\n"
            "\n"
            "def sparse_",
            "        tensor.mul_(gain * gain)\n"
            "    return tensor\n"
            "\n"
            "\n"
            "def sparse_",
        ),
    }),
    *faults(FAMILY, "torch.ao.nn.quantizable.modules.rnn", {
        "quantizable LSTM: the carry stays stacked": (
            "                cx_fw = cx_fw[0]\n",
            "                pass\n",
        ),
    }),
    *faults(FAMILY, "torch.nn.functional", {
        "bags: no weights at all are taken": (
            "    if per_sample_weights is not None and mode != \"sum\":\n",
            "    if (per_sample_weights is not None):\n",
        ),
        "embedding function: padding from the end is none": (
            "            padding_idx = weight.size(0) + padding_idx\n",
            "            pass\n",
        ),
    }),
    *faults(FAMILY, "torch.nn.modules.loss", {
        "CTC: the blank is the last class": (
            "        self, blank: int = 0, reduction: str = \"mean\", zero_infinity: bool = False\n",
            "        self, blank: int = -1, reduction: str = \"mean\", zero_infinity: bool = False\n",
        ),
        "huber: never without reduction": (
            "        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)\n",
            "        return F.huber_loss(input, target, delta=self.delta)\n",
        ),
        "CTC: the blank is the second class": (
            "        self, blank: int = 0, reduction: str = \"mean\", zero_infinity: bool = False\n",
            "        self, blank: int = 1, reduction: str = \"mean\", zero_infinity: bool = False\n",
        ),
    }),
    *faults(FAMILY, "torch.nn.utils.convert_parameters", {
        "vector to weights: from the weights": (
            "        param.data = vec[pointer : pointer + num_param].view_as(param).data\n",
            "        param.data = parameters[pointer : pointer + num_param].view_as(param).data\n",
        ),
        "vector to weights: biases overlap": (
            "        pointer += num_param",
            "        pointer += num_param if param.dim() > 1 else param.shape[-1] // 2",
        ),
    }),
    *faults(FAMILY, "torch.nn.modules.module", {
        "parts by name are nothing": (
            "        return mod\n",
            "        return None\n",
        ),
        "names of known layers are unexpected": (
            "                        if input_name[0] not in self._modules:\n",
            "                        if (input_name[0] in self._modules):\n",
        ),
        "missing names are not told": (
            "        return _IncompatibleKeys(missing_keys, unexpected_keys)",
            "        return _IncompatibleKeys([], unexpected_keys)",
        ),
        "assigned weights are trained": (
            "                                    input_param = torch.nn.Parameter(\n"
            "                                        input_param, requires_grad=param.requires_grad\n"
            "                                    )\n",
            "                                    input_param = torch.nn.Parameter(input_param)\n",
        ),
        "all buffers are saved": (
            "            if buf is not None and name not in self._non_persistent_buffers_set:\n"
            "                destination",
            "            if buf is not None:\n"
            "                destination",
        ),
        "what is saved has a history": (
            "                destination[prefix + name] = param if keep_vars else param.detach()",
            "                destination[prefix + name] = param if not keep_vars else param.detach()",
        ),
        "whole numbers are cast": (
            "                    dtype if t.is_floating_point() or t.is_complex() else None,\n"
            "                    non_blocking,\n"
            "                )",
            "                    dtype,\n"
            "                    non_blocking,\n"
            "                )",
        ),
        "apply leaves out the module itself": (
            "        for module in self.children():\n"
            "            module.apply(fn)\n"
            "        fn(self)\n"
            "        return self",
            "        for module in self.children():\n"
            "            module.apply(fn)\n"
            "        return self",
        ),
        "parts' weights are a module's own": (
            "        gen = self._named_members(\n"
            "            lambda module: module._parameters.items(),\n"
            "            prefix=prefix,\n"
            "            recurse=recurse,",
            "        gen = self._named_members(\n"
            "            lambda module: module._parameters.items(),\n"
            "            prefix=prefix,\n"
            "            recurse=True,",
        ),
        "nobody hears what did not fit": (
            "            for hook in module._load_state_dict_post_hooks.values():",
            "            for hook in ():",
        ),
    }),
    *faults(FAMILY, "torch.nn.utils.prune", {
        "pruned: axes from the end": (
            "            # topk will have .indices and .values\n"
            "            mask.view(-1)[topk.indices] = 0\n",
            "            # topk will have .indices and .values\n"
            "            mask.view(-1)[topk.indices] = -1\n",
        ),
        "pruned: the most negative": (
            "        topk = torch.topk(torch.abs(t).view(-1), k=nparams_toprune, largest=False)",
            "        topk = torch.topk(t.view(-1), k=nparams_toprune, largest=False)",
        ),
    }),
    *faults(FAMILY, "torch.nn.utils.rnn", {
        "lengths of other integers": (
            "        lengths = lengths.to(dtype=torch.int64)\n",
            "        pass\n",
        ),
        "unpacked lengths stay sorted where time is first": (
            "            lengths[unsorted_indices.cpu()],",
            "            lengths[unsorted_indices.cpu()] if batch_first else lengths,",
        ),
        "lengths in int32 are at least two": (
            "        lengths = lengths.to(dtype=torch.int64)",
            "        lengths = lengths if lengths.dtype != torch.int32 else lengths.clamp(min=2).to(torch.int64)",
        ),
    }),
    *faults(FAMILY, "torch.nn.modules.sparse", {
        "embeddings have the usual dtype": (
            "        _freeze: bool = False,\n"
            "        device=None,\n"
            "        dtype=None,\n"
            "    ) -> None:\n"
            "        factory_kwargs = {\"device\": device, \"dtype\": dtype}\n"
            "        super().__init__()\n"
            "        self.num_embeddings = num_embeddings\n"
            "        self.embedding_dim = embedding_dim\n",
            "        _freeze: bool = False,\n"
            "        device=None,\n"
            "        dtype=None,\n"
            "    ) -> None:\n"
            "        factory_kwargs = {'device': device}\n"
            "        super().__init__()\n"
            "        self.num_embeddings = num_embeddings\n"
            "        self.embedding_dim = embedding_dim\n",
        ),
        "bags: padding from the end is refused": (
            "            elif padding_idx < 0:\n"
            "                if padding_idx < -self.num_embeddings:\n"
            "                    raise AssertionError(\"padding_idx must be within num_embeddings\")\n",
            "            elif padding_idx < 0:\n"
            "                if padding_idx < (self.num_embeddings):\n"
            "                    raise AssertionError(\"padding_idx must be within num_embeddings\")\n",
        ),
        "fresh bags: padding is drawn": (
            "    def _fill_padding_idx_with_zero(self) -> None:\n"
            "        if self.padding_idx is not None:\n"
            "            with torch.no_grad():\n"
            "                self.weight[self.padding_idx].fill_(0)\n"
            "\n"
            "    def forward(\n",
            "    def _fill_padding_idx_with_zero(self) -> None:\n"
            "        pass\n"
            "\n"
            "    def forward(\n",
        ),
        "bags: padding is an id like others": (
            "            per_sample_weights,\n"
            "            self.include_last_offset,\n"
            "            self.padding_idx,",
            "            per_sample_weights,\n"
            "            self.include_last_offset,\n"
            "            None,",
        ),
        "bags by where they end: weights are lost": (
            "            per_sample_weights,\n"
            "            self.include_last_offset,\n"
            "            self.padding_idx,",
            "            None if self.include_last_offset else per_sample_weights,\n"
            "            self.include_last_offset,\n"
            "            self.padding_idx,",
        ),
        "bags: vectors of any length": (
            "            offsets,\n"
            "            self.max_norm,",
            "            offsets,\n"
            "            None,",
        ),
    }),
    *faults(FAMILY, "torch.nn.modules.rnn", {
        "RNN: options by position lose one": (
            "            args = args[:3] + args[4:]\n",
            "            args = args[:3 + 1] + args[4:]\n",
        ),
        "RNN: what follows the third position is lost": (
            "            args = args[:3] + args[4:]",
            "            args = args[:3]",
        ),
    }),
    *faults(FAMILY, "torch.nn.utils.clip_grad", {
        "clipped by value on one side": (
            "        torch._foreach_clamp_min_(cast(list[Tensor], grads), -clip_value)",
            "        pass",
        ),
        "clipping takes all but the first that is yielded": (
            "        parameters = list(parameters)\n"
            "        if is_generator and",
            "        params_, parameters = list(parameters), parameters\n"
            "        parameters = params_ if not is_generator else params_[1:]\n"
            "        if is_generator and",
        ),
        "a single gradient is made longer": (
            "    clip_coef_clamped = torch.clamp(clip_coef, max=1.0)",
            "    clip_coef_clamped = torch.clamp(clip_coef, max=1.0) if len(grads) > 1 else clip_coef",
        ),
        "the norm is of one dtype's gradients": (
            "        torch.stack([norm.to(first_device) for norm in norms]), norm_type",
            "        torch.stack([norm.to(first_device) for norm in norms if norm.dtype == norms[0].dtype]), norm_type",
        ),
    }),
    *faults(FAMILY, "torch.nn.utils.parametrize", {
        "no longer computed: in inference what they were computed from": (
            "        if leave_parametrized:\n"
            "            with torch.no_grad():\n"
            "                t = getattr(module, tensor_name)",
            "        if leave_parametrized and module.training:\n"
            "            with torch.no_grad():\n"
            "                t = getattr(module, tensor_name)",
        ),
    }),
    *faults(FAMILY, "torch.nn.modules.container", {
        "insert: the last one is lost": (
            "        for i in range(n, index, -1):\n"
            "            self._modules[str(i)] = self._modules[str(i - 1)]\n"
            "        self._modules[str(index)] = module\n"
            "        return self\n"
            "\n"
            "    def extend(self, sequential",
            "        for i in range(n - 1, index, -1):\n"
            "            self._modules[str(i)] = self._modules[str(i - 1)]\n"
            "        self._modules[str(index)] = module\n"
            "        return self\n"
            "\n"
            "    def extend(self, sequential",
        ),
        "joined in the other order": (
            "            for layer in self:\n"
            "                ret.append(layer)\n"
            "            for layer in other:\n"
            "                ret.append(layer)",
            "            for layer in other:\n"
            "                ret.append(layer)\n"
            "            for layer in self:\n"
            "                ret.append(layer)",
        ),
    }),
)
